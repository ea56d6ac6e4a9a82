/** Why an op is refused, where there is more to say than that it is not known, and what to do where an export to ONNX is no help. */
export function reasonToRefuse(op: string): readonly [reason: string, instead?: string] {
  const [, ...found] = reasons.find(([ops]) => ops.test(op)) ?? [undefined, 'is not supported'];
  return found;
}

const reasons: readonly (readonly [ops: RegExp, reason: string, instead?: string])[] = [
  [/^(PyFunc|EagerPyFunc|PyFuncStateless)$/, 'runs Python code, which a scan never does'],
  [
    /^(ReadFile|WholeFileReader\w*|TFRecordReader\w*|\w*Dataset\w*|Iterator\w*|MatchingFiles|Restore\w*|Save\w*|WriteFile)$/,
    'reads or writes files, which a scan never does',
  ],
  [
    /^(Decode\w+|ParseExample\w*|ParseSingle\w*|Encode\w+|String\w*|Regex\w+|AsString|Substr)$/,
    'decodes files or text; a scan feeds pixels',
  ],
  [/^(\w*HashTable\w*|Lookup\w+|InitializeTable\w*)$/, 'looks up in a table'],
  [
    /^(Random\w+|StatelessRandom\w+|TruncatedNormal|Multinomial|StatefulStandardNormal\w*|StatefulUniform\w*|Rng\w+)$/,
    'is random, so the model answers differently every time',
    // Keras 3 exports a model with the default of each layer's argument `training`, which RandomFlip and its like set to true.
    "Layers such as RandomFlip or Dropout are switched on in it; Keras 3's model.export leaves augmentation layers so. Save the Keras model itself, model.save('model.keras'), and scan that, or export a function that calls the model with training=False",
  ],
  [
    /^(While|StatelessWhile|Enter|Exit|NextIteration|LoopCond|TensorList\w+|TensorArray\w+|CudnnRNN\w*|LSTM\w*|GRU\w*|For)$/,
    'is a loop; only feed-forward image classifiers can be scanned',
  ],
  [/^(If|StatelessIf|Case|StatelessCase|Switch|Merge)$/, 'depends on a condition that is computed from the image'],
  [
    /^(NonMaxSuppression\w*|CombinedNonMaxSuppression|CropAndResize)$/,
    'belongs to an object detector; only image classifiers can be scanned',
  ],
  [
    /^(Quantize\w*|Dequantize|Quantized\w+|Requantize\w*|FakeQuant\w+)$/,
    'belongs to a quantised model; scan the float model it was made from',
  ],
  [
    /^(TPU\w+|Xla\w+|TRTEngineOp|IPU\w+)$/,
    'is compiled for one kind of hardware; export the model that it was made from',
  ],
  [/^(Placeholder|PlaceholderV2|PlaceholderWithDefault)$/, 'is an input that the signature does not name'],
];
