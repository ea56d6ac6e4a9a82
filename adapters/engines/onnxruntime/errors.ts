import { ScanError } from '../../../core/scan/errors.js';
import type { Provider } from './provider.js';

/** ONNX Runtime throws plain errors; only their text tells what happened. */
export function engineError(thrown: unknown, what: string, provider: Provider): ScanError {
  if (thrown instanceof ScanError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const node = nodeNamedIn(text);
  const place = node ? `${what}, node '${node.name}' (${node.op})` : what;
  if (outOfMemory.test(text)) {
    return new ScanError(
      'engine-out-of-memory',
      `onnxruntime ran out of memory in ${place}: ${oneLine(text)}. Lower --max-memory so that runs are split further, or use fewer workers.`,
      { cause: thrown },
    );
  }
  // A provider refuses some forms of an operator only when they run; the CPU has nearly all of them.
  const hint = provider === 'cpu' ? '' : `. If the provider ${provider} does not do this, --provider cpu may`;
  return new ScanError('engine-failed', `onnxruntime failed in ${place}: ${oneLine(text)}${hint}`, { cause: thrown });
}

/** From the C++ runtime, the CPU arena, CUDA and its libraries, and JavaScript's array buffers. */
const outOfMemory =
  /bad_alloc|failed to allocate memory|out of memory|bfc_arena|ALLOC_FAILED|Array buffer allocation failed|Invalid (?:typed )?array (?:buffer )?length/i;

/** A run says `running Conv node. Name:'conv1'`, a load says `Node (conv1) Op (Conv)`. */
function nodeNamedIn(text: string): { name: string; op: string } | undefined {
  const run = /running (\S+) node\. Name:'([^']*)'/.exec(text);
  if (run) return { op: run[1]!, name: run[2]! };
  const load = /Node ?\(([^)]*)\) Op \(([^)]*)\)/.exec(text);
  return load ? { name: load[1]!, op: load[2]! } : undefined;
}

/** Without the source locations of the library's build machine. */
function oneLine(text: string): string {
  return text
    .replace(/\/\S*\/onnxruntime\/\S+:\d+ /g, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 600)
    .replace(/\.$/, '');
}
