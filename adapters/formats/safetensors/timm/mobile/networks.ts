import type { MobileNet } from './definition.js';

/** The published networks by timm's names. Source: timm/models/efficientnet.py and mobilenetv3.py */
export const mobileNetworks: ReadonlyMap<string, MobileNet> = new Map<string, MobileNet>([
  ['mobilenetv1_100', mobileNetV1()],
  ['mobilenetv1_125', { ...mobileNetV1(), widen: 1.25 }],
  ['mobilenetv2_035', { ...mobileNetV2(), widen: 0.35 }],
  ['mobilenetv2_050', { ...mobileNetV2(), widen: 0.5 }],
  ['mobilenetv2_075', { ...mobileNetV2(), widen: 0.75 }],
  ['mobilenetv2_100', mobileNetV2()],
  ['mobilenetv2_140', { ...mobileNetV2(), widen: 1.4 }],
  ['mobilenetv2_110d', { ...mobileNetV2(), widen: 1.1, deepen: 1.2, fixedEnds: true, head: 'as-written' }],
  ['mobilenetv2_120d', { ...mobileNetV2(), widen: 1.2, deepen: 1.4, fixedEnds: true, head: 'as-written' }],
  ...withTensorflow('mobilenetv3_large_075', { ...mobileNetV3Large(), widen: 0.75 }),
  ...withTensorflow('mobilenetv3_large_100', mobileNetV3Large()),
  ['mobilenetv3_small_050', { ...mobileNetV3Small(), widen: 0.5, fixedStem: true }],
  ...withTensorflow('mobilenetv3_small_075', { ...mobileNetV3Small(), widen: 0.75 }),
  ...withTensorflow('mobilenetv3_small_100', mobileNetV3Small()),
  ...factors().flatMap(([widen, deepen], i) =>
    withTensorflow(`efficientnet_b${i}`, { ...efficientNet(), widen, deepen }),
  ),
  ...factors()
    .slice(0, 5)
    .flatMap(([widen, deepen], i) => withTensorflow(`efficientnet_lite${i}`, { ...efficientNetLite(), widen, deepen })),
  ...withTensorflow('efficientnetv2_s', efficientNetV2Small()),
  ...factors()
    .slice(0, 4)
    .map(([widen, deepen], i): [string, MobileNet] => [
      `tf_efficientnetv2_b${i}`,
      { ...efficientNetV2Base(), widen, deepen, tensorflow: true },
    ]),
]);

function mobileNetV1(): MobileNet {
  const stages = [
    'dsa_r1_k3_s1_c64',
    'dsa_r2_k3_s2_c128',
    'dsa_r2_k3_s2_c256',
    'dsa_r6_k3_s2_c512',
    'dsa_r2_k3_s2_c1024',
  ];
  return { stages: alone(stages), stem: 32, features: 0, act: 'relu6' };
}

function mobileNetV2(): MobileNet {
  const stages = [
    'ds_r1_k3_s1_c16',
    'ir_r2_k3_s2_e6_c24',
    'ir_r3_k3_s2_e6_c32',
    'ir_r4_k3_s2_e6_c64',
    'ir_r3_k3_s1_e6_c96',
    'ir_r3_k3_s2_e6_c160',
    'ir_r1_k3_s1_e6_c320',
  ];
  return { stages: alone(stages), stem: 32, features: 1280, act: 'relu6', head: 'at-least' };
}

function mobileNetV3Large(): MobileNet {
  const stages = [
    ['ds_r1_k3_s1_e1_c16_nre'],
    ['ir_r1_k3_s2_e4_c24_nre', 'ir_r1_k3_s1_e3_c24_nre'],
    ['ir_r3_k5_s2_e3_c40_se0.25_nre'],
    ['ir_r1_k3_s2_e6_c80', 'ir_r1_k3_s1_e2.5_c80', 'ir_r2_k3_s1_e2.3_c80'],
    ['ir_r2_k3_s1_e6_c112_se0.25'],
    ['ir_r3_k5_s2_e6_c160_se0.25'],
    ['cn_r1_k1_s1_c960'],
  ];
  return { stages, stem: 16, features: 1280, act: 'hard_swish', head: 'as-written', third: true };
}

function mobileNetV3Small(): MobileNet {
  const stages = [
    ['ds_r1_k3_s2_e1_c16_se0.25_nre'],
    ['ir_r1_k3_s2_e4.5_c24_nre', 'ir_r1_k3_s1_e3.67_c24_nre'],
    ['ir_r1_k5_s2_e4_c40_se0.25', 'ir_r2_k5_s1_e6_c40_se0.25'],
    ['ir_r2_k5_s1_e3_c48_se0.25'],
    ['ir_r3_k5_s2_e6_c96_se0.25'],
    ['cn_r1_k1_s1_c576'],
  ];
  return { stages, stem: 16, features: 1024, act: 'hard_swish', head: 'as-written', third: true };
}

function efficientNet(): MobileNet {
  const stages = [
    'ds_r1_k3_s1_e1_c16_se0.25',
    'ir_r2_k3_s2_e6_c24_se0.25',
    'ir_r2_k5_s2_e6_c40_se0.25',
    'ir_r3_k3_s2_e6_c80_se0.25',
    'ir_r3_k5_s1_e6_c112_se0.25',
    'ir_r4_k5_s2_e6_c192_se0.25',
    'ir_r1_k3_s1_e6_c320_se0.25',
  ];
  return { stages: alone(stages), stem: 32, features: 1280, act: 'silu' };
}

/** Without squeeze and excitation. */
function efficientNetLite(): MobileNet {
  const stages = efficientNet().stages.map((blocks) => blocks.map((block) => block.replace('_se0.25', '')));
  return { stages, stem: 32, features: 1280, act: 'relu6', fixedEnds: true, head: 'as-written' };
}

function efficientNetV2Small(): MobileNet {
  const stages = [
    'cn_r2_k3_s1_e1_c24_skip',
    'er_r4_k3_s2_e4_c48',
    'er_r4_k3_s2_e4_c64',
    'ir_r6_k3_s2_e4_c128_se0.25',
    'ir_r9_k3_s1_e6_c160_se0.25',
    'ir_r15_k3_s2_e6_c256_se0.25',
  ];
  return { stages: alone(stages), stem: 24, features: 1280, act: 'silu' };
}

function efficientNetV2Base(): MobileNet {
  const stages = [
    'cn_r1_k3_s1_e1_c16_skip',
    'er_r2_k3_s2_e4_c32',
    'er_r2_k3_s2_e4_c48',
    'ir_r3_k3_s2_e4_c96_se0.25',
    'ir_r5_k3_s1_e6_c112_se0.25',
    'ir_r8_k3_s2_e6_c192_se0.25',
  ];
  return { stages: alone(stages), stem: 32, features: 1280, act: 'silu', roundDown: true };
}

function alone(stages: readonly string[]): readonly (readonly string[])[] {
  return stages.map((block) => [block]);
}

/** Under both names: as PyTorch pads, and `tf_` as TensorFlow does. */
function withTensorflow(name: string, net: MobileNet): [string, MobileNet][] {
  return [
    [name, net],
    [`tf_${name}`, { ...net, tensorflow: true }],
  ];
}

/** Of channels and of blocks, b0 to b7. */
function factors(): readonly (readonly [number, number])[] {
  return [
    [1, 1],
    [1, 1.1],
    [1.1, 1.2],
    [1.2, 1.4],
    [1.4, 1.8],
    [1.6, 2.2],
    [1.8, 2.6],
    [2, 3.1],
  ];
}
