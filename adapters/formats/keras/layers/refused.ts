import type { LayerRule, RuleTable } from '../layer.js';

function refused(why: string): LayerRule {
  return (call) => call.refuse(why);
}

const recurrent = refused('is recurrent, which no supported image classifier is');
const graphs = refused('runs a saved program of another framework');

/** Layers that are refused for a reason worth saying. */
export const refusedLayers: RuleTable = {
  Lambda: refused('holds Python code, which is never run'),
  TFSMLayer: graphs,
  FlaxLayer: graphs,
  JaxLayer: graphs,
  TorchModuleWrapper: graphs,
  Bidirectional: recurrent,
  ConvLSTM2D: recurrent,
  GRU: recurrent,
  LSTM: recurrent,
  RNN: recurrent,
  SimpleRNN: recurrent,
  StackedRNNCells: recurrent,
};
