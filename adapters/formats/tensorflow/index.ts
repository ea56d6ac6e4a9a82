export { frozenGraph } from './frozen-graph.js';
export { savedModel } from './saved-model.js';
