export { tfjsGraph } from './graph-model.js';
export { tfjsLayers } from './layers-model.js';
