import { ScanError } from '../../../../core/scan/errors.js';
import type { Architecture } from '../architecture.js';
import { unsupported, type Config } from '../config.js';
import { convNext, convNextV2 } from './convnext.js';
import { mobileNetV2 } from './mobilenetv2.js';
import { resnet } from './resnet.js';
import { swin } from './swin.js';
import { deit, deitWithTeacher, vit } from './vit.js';

/**
 * The architecture that a config names, as Transformers (`architectures`) does.
 * @throws ScanError `model-unsupported-format` naming those that there are.
 */
export function architectureOf(config: Config): Architecture {
  const listed = config.raw('architectures');
  const name: unknown = Array.isArray(listed) ? listed[0] : undefined;
  if (typeof name !== 'string') {
    throw new ScanError('model-malformed', `${config.title}: it names no architecture (architectures)`);
  }
  const found = architectures.get(name);
  if (found) return found;
  throw unsupported(
    `${config.title}: the architecture '${name.slice(0, 100)}' is not supported; supported: ${[...architectures.keys()].join(', ')}`,
  );
}

const architectures: ReadonlyMap<string, Architecture> = new Map([
  ['ViTForImageClassification', vit],
  ['DeiTForImageClassification', deit],
  ['DeiTForImageClassificationWithTeacher', deitWithTeacher],
  ['ResNetForImageClassification', resnet],
  ['ConvNextForImageClassification', convNext],
  ['ConvNextV2ForImageClassification', convNextV2],
  ['SwinForImageClassification', swin],
  ['MobileNetV2ForImageClassification', mobileNetV2],
]);
