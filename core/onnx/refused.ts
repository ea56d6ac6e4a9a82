/** Why an op has no rule and what to do, where there is more to say than its name. */
export function reasonToRefuse(op: string): string | undefined {
  return reasons.find(([ops]) => ops.test(op))?.[1];
}

const reasons: readonly (readonly [ops: RegExp, reason: string])[] = [
  [
    /^(com\.microsoft\.)?(QLinear\w+|QGemm|\w+Integer\w*|DynamicQuantize\w+|MatMulNBits)$/,
    'computes with integers, so the model is quantised, in a form that has no gradients here; scan the float model it was made from, or one quantised with QuantizeLinear and DequantizeLinear',
  ],
  [
    /^LSTM$/,
    'is differentiated without sequence lengths, peepholes, clipping, other activations or batch-first layout, and up to 1024 steps; this one is not of that form',
  ],
  [/^(GRU|RNN|Scan|Loop|If)$/, 'is recurrent or control flow; only feed-forward image classifiers can be scanned'],
  [/^(NonMaxSuppression|RoiAlign|MaxRoiPool)$/, 'belongs to an object detector; only image classifiers can be scanned'],
  [
    /^((Stateless)?Random\w+|Bernoulli|Multinomial)$/,
    "is random, so the model answers differently every time; export the model in inference mode (model.export of Keras 3 leaves augmentation layers switched on: save and scan model.save('model.keras') instead)",
  ],
  [
    /^(Stateful)?PartitionedCall$/,
    'is a call of a TensorFlow function, which tf2onnx could not convert and no ONNX runtime can run (Keras has grouped convolutions compiled by XLA); scan the SavedModel or the .keras file that it was made from, or save it after tf.config.run_functions_eagerly(True) and convert that',
  ],
  [/^(GridSample|DeformConv|AffineGrid)$/, 'samples at places that depend on the image, which is not supported'],
];
