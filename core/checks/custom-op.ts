import { qualifiedName } from '../compile/op-support.js';
import { allNodes, titleOf } from '../onnx/nodes.js';
import type { Check, CheckFinding } from './check.js';

/** Ops of domains that neither ONNX nor ONNX Runtime defines, functions of the model itself being inlined before. */
export const customOp: Check = {
  id: 'custom-op',
  title: 'Custom operators',
  help: 'Whoever runs the model must load code from elsewhere for it, which can do anything. Export the model with standard operators, or have that code reviewed.',
  run: ({ graph }) => {
    const found = new Map<string, { readonly first: string; nodes: number }>();
    for (const node of allNodes(graph)) {
      if (known.has(node.domain)) continue;
      const op = qualifiedName(node);
      const entry = found.get(op) ?? { first: titleOf(node), nodes: 0 };
      entry.nodes++;
      found.set(op, entry);
    }
    return [...found].map(([op, { first, nodes }]): CheckFinding => {
      const more = nodes > 1 ? ` and ${nodes - 1} more` : '';
      return {
        severity: 'warning',
        place: first,
        message: `operator ${op} of node '${first}'${more} is no standard one`,
      };
    });
  },
};

const known: ReadonlySet<string> = new Set([
  '',
  'ai.onnx.ml',
  'ai.onnx.preview.training',
  'ai.onnx.training',
  'com.microsoft',
  'com.microsoft.nchwc',
]);
