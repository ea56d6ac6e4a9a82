/** Everything that runs as a workflow: the entry of the bundle that the orchestrator loads. */
export { scanModel } from './scan-model/workflow.js';
export { rescanFleet } from './rescan-fleet/workflow.js';
export { rejudgeFleet } from './rejudge-fleet/workflow.js';
