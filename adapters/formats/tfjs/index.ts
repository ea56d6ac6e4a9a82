export { tfjsGraph } from './graph-model.js';
