import { ScanError } from '../../../../core/scan/errors.js';
import type { Architecture } from '../architecture.js';
import { unsupported, type Config } from '../config.js';
import { timmResnet } from '../timm/resnet.js';
import { timmVit } from '../timm/vit.js';
import { beit } from './beit.js';
import { convNext, convNextV2 } from './convnext.js';
import { dinov2 } from './dinov2.js';
import { efficientNet } from './efficientnet.js';
import { mobileNetV1 } from './mobilenetv1.js';
import { mobileNetV2 } from './mobilenetv2.js';
import { regnet } from './regnet.js';
import { resnet } from './resnet.js';
import { swin } from './swin.js';
import { deit, deitWithTeacher, vit } from './vit.js';

/**
 * The architecture that a config names, as Transformers (`architectures`) or timm (`architecture`) does.
 * @throws ScanError `model-unsupported-format` naming those that there are.
 */
export function architectureOf(config: Config): Architecture {
  const listed = config.raw('architectures');
  const name: unknown = Array.isArray(listed) ? listed[0] : config.raw('architecture');
  if (typeof name !== 'string') {
    throw new ScanError('model-malformed', `${config.title}: it names no architecture (architectures)`);
  }
  const found = (Array.isArray(listed) ? architectures : timm).get(name);
  if (found) return found;
  throw unsupported(
    `${config.title}: the architecture '${name.slice(0, 100)}' is not supported; supported: ${[...architectures.keys(), ...timm.keys()].join(', ')}`,
  );
}

/** By the names of Transformers' classes. */
const architectures: ReadonlyMap<string, Architecture> = new Map([
  ['ViTForImageClassification', vit],
  ['DeiTForImageClassification', deit],
  ['DeiTForImageClassificationWithTeacher', deitWithTeacher],
  ['ResNetForImageClassification', resnet],
  ['ConvNextForImageClassification', convNext],
  ['ConvNextV2ForImageClassification', convNextV2],
  ['SwinForImageClassification', swin],
  ['MobileNetV1ForImageClassification', mobileNetV1],
  ['MobileNetV2ForImageClassification', mobileNetV2],
  ['EfficientNetForImageClassification', efficientNet],
  ['RegNetForImageClassification', regnet],
  ['BeitForImageClassification', beit],
  ['Dinov2ForImageClassification', dinov2],
]);

/** By timm's names, without the tag of the weights. */
const timm: ReadonlyMap<string, Architecture> = new Map([
  ['resnet18', timmResnet('basic', [2, 2, 2, 2])],
  ['resnet34', timmResnet('basic', [3, 4, 6, 3])],
  ['resnet50', timmResnet('bottleneck', [3, 4, 6, 3])],
  ['resnet101', timmResnet('bottleneck', [3, 4, 23, 3])],
  ['resnet152', timmResnet('bottleneck', [3, 8, 36, 3])],
  ['vit_tiny_patch16_224', timmVit({ width: 192, depth: 12, heads: 3, patch: 16 })],
  ['vit_small_patch16_224', timmVit({ width: 384, depth: 12, heads: 6, patch: 16 })],
  ['vit_small_patch32_224', timmVit({ width: 384, depth: 12, heads: 6, patch: 32 })],
  ['vit_base_patch16_224', timmVit({ width: 768, depth: 12, heads: 12, patch: 16 })],
  ['vit_base_patch32_224', timmVit({ width: 768, depth: 12, heads: 12, patch: 32 })],
  ['vit_large_patch16_224', timmVit({ width: 1024, depth: 24, heads: 16, patch: 16 })],
]);
