import type { ScanError } from '../../../../core/scan/errors.js';
import type { Architecture } from '../architecture.js';
import { malformed, unsupported, type Config } from '../config.js';
import { timm } from '../timm/index.js';
import { beit, data2VecVision } from './beit.js';
import { clip, siglip } from './clip.js';
import { convNext, convNextV2 } from './convnext.js';
import { dinov2, dinov2WithRegisters } from './dinov2.js';
import { efficientNet } from './efficientnet.js';
import { levit, levitWithTeacher } from './levit.js';
import { mobileNetV1 } from './mobilenetv1.js';
import { mobileNetV2 } from './mobilenetv2.js';
import { mobileVit } from './mobilevit.js';
import { poolFormer } from './poolformer.js';
import { regnet } from './regnet.js';
import { resnet } from './resnet.js';
import { segformer } from './segformer.js';
import { swin } from './swin.js';
import { swinv2 } from './swinv2.js';
import { deit, deitWithTeacher, vit } from './vit.js';

/**
 * The architecture that a config names, as Transformers (`architectures`) or timm (`architecture`) does.
 * @throws ScanError `model-unsupported-format` naming those that there are.
 */
export function architectureOf(config: Config): Architecture {
  const listed = config.raw('architectures');
  const name: unknown = Array.isArray(listed) ? listed[0] : config.raw('architecture');
  if (typeof name !== 'string') {
    throw malformed(config, 'it names no architecture (architectures)');
  }
  if (name === wrapper) return wrapped(config);
  const found = (Array.isArray(listed) ? architectures : timm).get(name);
  if (found) return found;
  throw unknown(config, name);
}

/** Transformers' shell around a network of timm: some versions save its tensors below `timm_model`, others as timm does. */
const wrapper = 'TimmWrapperForImageClassification';

function wrapped(config: Config): Architecture {
  const name = config.string('architecture');
  const build = timm.get(name);
  if (!build) throw unknown(config, name);
  return (own, start) => build(own, (size) => start(size, 'timm_model.'));
}

function unknown(config: Config, name: string): ScanError {
  return unsupported(
    `${config.title}: the architecture '${name.slice(0, 100)}' is not supported; supported: ${[...architectures.keys(), wrapper, ...timm.keys()].join(', ')}`,
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
  ['Swinv2ForImageClassification', swinv2],
  ['MobileNetV1ForImageClassification', mobileNetV1],
  ['MobileNetV2ForImageClassification', mobileNetV2],
  ['EfficientNetForImageClassification', efficientNet],
  ['RegNetForImageClassification', regnet],
  ['BeitForImageClassification', beit],
  ['Data2VecVisionForImageClassification', data2VecVision],
  ['Dinov2ForImageClassification', dinov2],
  ['Dinov2WithRegistersForImageClassification', dinov2WithRegisters],
  ['CLIPForImageClassification', clip],
  ['SiglipForImageClassification', siglip],
  ['SegformerForImageClassification', segformer],
  ['MobileViTForImageClassification', mobileVit],
  ['PoolFormerForImageClassification', poolFormer],
  ['LevitForImageClassification', levit],
  ['LevitForImageClassificationWithTeacher', levitWithTeacher],
]);
