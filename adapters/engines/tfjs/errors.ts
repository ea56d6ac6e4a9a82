import type { Node } from '../../../core/onnx/graph.js';
import { ScanError } from '../../../core/scan/errors.js';

/** tfjs throws plain errors; only their text tells what happened. */
export function tfjsError(thrown: unknown, program: string, node?: Node): ScanError {
  if (thrown instanceof ScanError && thrown.code.startsWith('engine-')) return thrown;
  const text = (thrown instanceof Error ? thrown.message : String(thrown)).replace(/\s+/g, ' ').trim().slice(0, 600);
  const place = node ? `program '${program}', node '${node.name}' (${node.op})` : `program '${program}'`;
  if (outOfMemory.test(text)) {
    return new ScanError(
      'engine-out-of-memory',
      `tfjs ran out of memory in ${place}: ${text}. Lower --max-memory so that runs are split further, or use fewer workers.`,
      { cause: thrown },
    );
  }
  return new ScanError('engine-failed', `tfjs failed in ${place}: ${text.replace(/\.$/, '')}`, { cause: thrown });
}

/** From WebAssembly's heap, V8's array buffers and TensorFlow's allocators. */
const outOfMemory =
  /out of memory|cannot enlarge memory|allocation failed|memory access out of bounds|Invalid (?:typed )?array (?:buffer )?length|ResourceExhausted|\bOOM\b|bad_alloc/i;
