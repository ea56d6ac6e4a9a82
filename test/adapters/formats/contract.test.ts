import { formats } from '../../../adapters/formats/index.js';
import { runModelFormatContract } from '../../contract/model-format.js';
import { modelSamples } from '../../support/model-samples.js';

for (const format of formats) runModelFormatContract(format, modelSamples);
