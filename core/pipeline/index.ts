export { concludeScan, type Concluded } from './conclude-scan.js';
export { mayPass } from './may-pass.js';
export { planStage, type PlannedStage, type PlanOptions } from './plan-stage.js';
export { progressOf, type StageProgress } from './progress.js';
export { recordResult, type ReachedVerdict, type Recorded } from './record-result.js';
export { registerScan } from './register-scan.js';
export { rejudgeScan, type Rejudged } from './rejudge-scan.js';
