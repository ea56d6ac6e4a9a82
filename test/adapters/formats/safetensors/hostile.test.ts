import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { memoryFiles } from '../../../../adapters/formats/files/memory.js';
import { safetensorsFormat } from '../../../../adapters/formats/safetensors/index.js';
import type { ScanErrorCode } from '../../../../core/scan/errors.js';
import { scanError } from '../../../support/graphs.js';
import { fixtureFiles } from '../../../support/model-samples.js';
import { repoRoot } from '../../../support/paths.js';

const folder = join(repoRoot, 'test/fixtures/safetensors');
const limits = { maxModelBytes: 2 ** 30 };
const main = 'model.safetensors';

function read(contents: ReadonlyMap<string, Uint8Array>, name = main) {
  return (async () => safetensorsFormat.read(memoryFiles(contents, 'm'), name, limits))();
}

function withConfig(model: string, change: object): Map<string, Uint8Array> {
  const files = new Map(fixtureFiles(join(folder, model)));
  const config = JSON.parse(Buffer.from(files.get('config.json')!).toString()) as object;
  return files.set('config.json', Buffer.from(JSON.stringify({ ...config, ...change })));
}

/** As the fixture `timm-swin` has it. */
const tinySwin = { img_size: 32, patch_size: 2, window_size: 4, embed_dim: 8, depths: [2, 2], num_heads: [2, 2] };

describe('a config that does not fit its weights is refused by the name of what is wrong', () => {
  const cases: readonly [string, object, ScanErrorCode, RegExp][] = [
    ['vit', { num_hidden_layers: 3 }, 'model-malformed', /no tensor 'vit\.encoder\.layer\.2\./],
    ['vit', { num_hidden_layers: 1 }, 'model-malformed', /16 tensors that the architecture has no place for/],
    ['vit', { num_hidden_layers: 1e9 }, 'model-malformed', /num_hidden_layers is 1000000000.*1000/],
    ['vit', { hidden_size: 32 }, 'model-malformed', /projection\.weight' has shape \[16, 3, 8, 8\].*\[32, 3, 8, 8\]/],
    ['vit', { image_size: 64 }, 'model-malformed', /position_embeddings' has shape \[1, 17, 16\]/],
    ['vit', { image_size: 4 }, 'model-malformed', /image_size is below the patch_size/],
    ['vit', { image_size: -1 }, 'model-malformed', /image_size is -1/],
    ['vit', { patch_size: 0 }, 'model-malformed', /patch_size is 0/],
    ['vit', { patch_size: [1, 2, 3] }, 'model-malformed', /patch_size/],
    ['vit', { num_attention_heads: 3 }, 'model-malformed', /hidden_size 16 is no multiple of num_attention_heads 3/],
    ['vit', { hidden_act: 'constructor' }, 'model-unsupported-format', /'constructor' is not supported.*optimum-cli/],
    ['vit', { hidden_act: 'snake' }, 'model-unsupported-format', /activation 'snake'/],
    ['vit', { qkv_bias: 'yes' }, 'model-malformed', /qkv_bias is "yes"/],
    ['vit', { id2label: { 0: 'a', 1: 'b' } }, 'model-malformed', /classifier\.weight' has shape \[5, 16\]/],
    [
      'vit',
      { architectures: ['BertModel'] },
      'model-unsupported-format',
      /'BertModel'.*ViTForImage.*optimum-cli export/,
    ],
    ['vit', { architectures: ['__proto__'] }, 'model-unsupported-format', /'__proto__'/],
    ['vit', { architectures: [] }, 'model-malformed', /names no architecture/],
    ['vit', { layer_norm_eps: '1' }, 'model-malformed', /layer_norm_eps/],
    ['resnet-basic', { depths: [1] }, 'model-malformed', /hidden_sizes and depths/],
    ['resnet-basic', { depths: [1, 1e6] }, 'model-malformed', /depths/],
    ['resnet-basic', { layer_type: 'wide' }, 'model-unsupported-format', /layer_type is "wide"; supported: basic/],
    ['resnet-basic', { hidden_sizes: [8, 1e12] }, 'model-malformed', /hidden_sizes/],
    ['convnext', { num_stages: 3 }, 'model-malformed', /3 numbers each/],
    ['swin', { window_size: 1000 }, 'model-malformed', /window_size is 1000/],
    ['swin', { window_size: 32 }, 'model-malformed', /less than the window_size/],
    ['swin', { num_heads: [2] }, 'model-malformed', /num_heads/],
    ['swin', { num_heads: [3, 3] }, 'model-malformed', /8 channels are no multiple of 3 heads/],
    ['swin', { image_size: 4096, window_size: 31 }, 'model-malformed', /position biases and masks/],
    ['timm-vit', { model_args: { class_token: false } }, 'model-unsupported-format', /option 'class_token'/],
    [
      'timm-vit',
      {
        architecture: 'vit_tiny_patch16_384',
        pretrained_cfg: null,
        model_args: { patch_size: 8, embed_dim: 16, depth: 2, num_heads: 2 },
      },
      'model-malformed',
      /pos_embed' has shape \[1, 17, 16\].*\[1, 2305, 16\]/,
    ],
    ['timm-vit', { global_pool: 'map' }, 'model-unsupported-format', /global_pool is "map"; supported: "token"/],
    ['timm-vit', { num_classes: 6 }, 'model-malformed', /no tensor|has shape/],
    [
      'timm-resnet18',
      { architecture: 'resnet18x' },
      'model-unsupported-format',
      /'resnet18x'.*resnet18, .*optimum-cli/,
    ],
    ['timm-wrapper', { architecture: 'resnet18x' }, 'model-unsupported-format', /'resnet18x'.*TimmWrapper/],
    ['timm-resnet18', { architecture: 7 }, 'model-malformed', /names no architecture/],
    ['timm-resnet50', { model_args: { layers: [1] } }, 'model-malformed', /layers and channels/],
    ['timm-resnet50', { model_args: { stem_width: 32 } }, 'model-unsupported-format', /option 'stem_width'/],
    ['timm-resnet50d', { model_args: { stem_type: 'deep' } }, 'model-unsupported-format', /option 'stem_type'/],
    ['timm-densenet', { model_args: { block_config: [] } }, 'model-malformed', /block_config is empty/],
    ['timm-swin', { model_args: { always_partition: true } }, 'model-unsupported-format', /option 'always_partition'/],
    ['timm-swin', { model_args: { window_size: [1, 2, 3] } }, 'model-malformed', /window_size and depths/],
    [
      'timm-swin',
      { model_args: { ...tinySwin, img_size: 4096, window_size: 31 } },
      'model-malformed',
      /biases and masks/,
    ],
    ['timm-swin', { model_args: { img_size: [2, 2] } }, 'model-malformed', /smaller than the patch_size/],
    [
      'timm-swin',
      { model_args: { ...tinySwin, img_size: 18 } },
      'model-unsupported-format',
      /9 x 9 tokens, an odd number, before stage 1/,
    ],
    ['siglip', { vision_config: { image_size: 8 } }, 'model-malformed', /vision_config: the image_size is below/],
    ['siglip', { vision_config: { image_size: [32, 48] } }, 'model-malformed', /vision_config: .*have to be square/],
    ['swinv2', { use_absolute_embeddings: true }, 'model-unsupported-format', /use_absolute_embeddings is true/],
    ['swinv2', { pretrained_window_sizes: [[6, 6]] }, 'model-malformed', /pretrained_window_sizes/],
    ['swinv2', { image_size: 4096, window_size: 31 }, 'model-malformed', /position biases and masks/],
    ['segformer', { num_attention_heads: [3, 2, 3, 2] }, 'model-malformed', /8 channels are no multiple of 3 heads/],
    ['segformer', { sr_ratios: [1, 1, 1, 1] }, 'model-malformed', /12 tensors|has no place/],
    ['segformer', { depths: [1] }, 'model-malformed', /depths.*a list of 4 whole numbers/],
    ['mobilevit', { image_size: 48 }, 'model-unsupported-format', /whole patches \(3 x 3 by 2 in layer 3\)/],
    ['mobilevit', { conv_kernel_size: 2 }, 'model-malformed', /conv_kernel_size has to be odd/],
    ['mobilevit', { num_attention_heads: 3 }, 'model-malformed', /8 channels are no multiple of 3 heads/],
    ['mobilevit', { expand_ratio: 0 }, 'model-malformed', /expand_ratio has to be from 0 to 64/],
    ['poolformer', { pool_size: 2 }, 'model-malformed', /pool_size has to be odd/],
    ['poolformer', { use_layer_scale: false }, 'model-malformed', /layer_scale_1/],
    ['levit', { down_ops: [['Subsample', 8, 2, 4, 2, 2]] }, 'model-unsupported-format', /down_ops other than/],
    ['levit', { patch_size: 7 }, 'model-malformed', /leave 7 x 7 tokens, the patch_size 1/],
    ['levit', { image_size: 100 }, 'model-malformed', /100 x 100 patches \(limit 64 x 64\)/],
    ['mobilenetv2', { depth_multiplier: 1e6 }, 'model-malformed', /depth_multiplier/],
    ['mobilenetv1', { depth_multiplier: -1 }, 'model-malformed', /depth_multiplier has to be from 0 to 64/],
    ['efficientnet', { hidden_dim: 321 }, 'model-malformed', /hidden_dim is 321.*320 channels/],
    ['efficientnet', { strides: [1, 2] }, 'model-malformed', /strides.*a list of 3 whole numbers/],
    ['efficientnet', { kernel_sizes: [3, 4, 3] }, 'model-malformed', /kernel_sizes have to be odd/],
    ['efficientnet', { pooling_type: 'max' }, 'model-unsupported-format', /pooling_type is "max"; supported: mean/],
    [
      'efficientnet',
      { num_block_repeats: [1, 1000, 1], depth_coefficient: 64 },
      'model-malformed',
      /no tensor|has shape/,
    ],
    ['efficientnet', { depth_coefficient: 1e9 }, 'model-malformed', /depth_coefficient/],
    ['regnet', { groups_width: 4 }, 'model-malformed', /18 channels do not fit the groups_width 4/],
    ['regnet', { layer_type: 'z' }, 'model-unsupported-format', /layer_type is "z"; supported: x, y/],
    ['beit', { image_size: [24, 32] }, 'model-malformed', /have to be square for this architecture, not 24 x 32/],
    ['beit', { image_size: 4096, patch_size: 1 }, 'model-malformed', /16777217 patches|has shape/],
    ['beit', { image_size: 32 }, 'model-malformed', /relative_position_bias_table' has shape \[28, 2\].*\[52, 2\]/],
    ['dinov2', { mlp_ratio: -4 }, 'model-malformed', /mlp_ratio gives -64 channels/],
    ['dinov2', { use_swiglu_ffn: true }, 'model-malformed', /no tensor '.*weights_in/],
  ];
  for (const [model, change, code, pattern] of cases) {
    test(`${model} ${JSON.stringify(change)}`, async () => {
      await assert.rejects(read(withConfig(model, change)), scanError(code, pattern));
    });
  }

  test('no config, no JSON, JSON without an object', async () => {
    const files = new Map(fixtureFiles(join(folder, 'vit')));
    files.delete('config.json');
    assert.equal(safetensorsFormat.detect(memoryFiles(files, 'm'), main), false);
    await assert.rejects(read(files), scanError('model-unsupported-format', /config\.json.*optimum-cli export onnx/));
    for (const text of ['', '[]', 'null', '{', '\xff']) {
      files.set('config.json', Buffer.from(text, 'latin1'));
      await assert.rejects(read(files), scanError('model-malformed', /config\.json/), text);
    }
  });
});

describe('a header that lies is refused', () => {
  const config = readFileSync(join(folder, 'vit/config.json'));
  const fileOf = (header: string, body = 4, length = Buffer.byteLength(header)): Map<string, Uint8Array> => {
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(length));
    return new Map([
      ['config.json', config],
      [main, Buffer.concat([size, Buffer.from(header), Buffer.alloc(body)])],
    ]);
  };
  const entry = (dtype: string, shape: unknown, offsets: unknown): string =>
    JSON.stringify({ w: { dtype, shape, data_offsets: offsets } });
  const cases: readonly [string, Map<string, Uint8Array>, RegExp][] = [
    ['a length beyond the file', fileOf('{}', 0, 2 ** 40), /the header has 1099511627776 bytes/],
    ['no JSON', fileOf('{"w"', 4), /no valid JSON/],
    ['an offset beyond the file', fileOf(entry('F32', [2], [0, 8])), /ends at 8 of 4 bytes/],
    ['a shape that is larger than its bytes', fileOf(entry('F32', [2], [0, 4])), /takes 8 bytes, not 4/],
    ['a size that overflows', fileOf(entry('F32', [2 ** 40, 2 ** 40], [0, 4])), /takes .* bytes, not 4/],
    ['a negative size', fileOf(entry('F32', [-1], [0, 4])), /no valid shape/],
    ['reversed offsets', fileOf(entry('F32', [1], [4, 0])), /takes 4 bytes, not -4/],
    ['a gap', fileOf(entry('F32', [1], [4, 8]), 8), /begins at byte 4 of the data, not at 0/],
    ['bytes behind the last tensor', fileOf(entry('F32', [1], [0, 4]), 8), /4 bytes behind the last tensor/],
    ['too many axes', fileOf(entry('F32', Array(1000).fill(1), [0, 4])), /no valid shape/],
    ['no object', fileOf('{"w": null}'), /no valid shape/],
    [
      'tensors that overlap',
      fileOf(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      ),
      /tensor 'b' begins at byte 0/,
    ],
    [
      'a key that JavaScript has a meaning for',
      fileOf('{"__proto__": {"dtype": 1}}'),
      /'__proto__' has no valid shape/,
    ],
  ];
  for (const [name, files, pattern] of cases) {
    test(name, async () => {
      await assert.rejects(read(files), scanError('model-malformed', pattern));
    });
  }

  test('an element type that ONNX has none for', async () => {
    await assert.rejects(
      read(fileOf(entry('F8_E4M3', [4], [0, 4]))),
      scanError('model-unsupported-format', /holds F8_E4M3 values.*Save the model in F32/),
    );
  });
});

describe('an index that lies is refused', () => {
  const index = 'model.safetensors.index.json';
  const shards = fixtureFiles(join(folder, 'vit-shards'));
  const parsed = JSON.parse(Buffer.from(shards.get(index)!).toString()) as { weight_map: Record<string, string> };
  const withMap = (change: (map: Record<string, unknown>) => void): Map<string, Uint8Array> => {
    const map: Record<string, unknown> = { ...parsed.weight_map };
    change(map);
    return new Map(shards).set(index, Buffer.from(JSON.stringify({ weight_map: map })));
  };

  test('files that lie elsewhere, are missing or are no names', async () => {
    for (const name of ['../x.safetensors', '/etc/passwd', 'a/b.safetensors', 7, null, 'config.json']) {
      const files = withMap((map) => (map['classifier.bias'] = name));
      await assert.rejects(
        read(files, index),
        scanError('model-malformed', /'classifier\.bias' is no plain file name/),
      );
    }
    const files = withMap((map) => (map['classifier.bias'] = 'missing.safetensors'));
    await assert.rejects(read(files, index), scanError('model-external-data', /missing\.safetensors/));
  });

  test('tensors it does not name or that are not where it says', async () => {
    const [left, wrong] = [
      withMap((map) => {
        delete map['classifier.bias'];
      }),
      withMap((map) => (map.nothing = parsed.weight_map['classifier.bias'])),
    ];
    await assert.rejects(read(left, index), scanError('model-malformed', /'classifier\.bias' lies in/));
    await assert.rejects(read(wrong, index), scanError('model-malformed', /'nothing' is not in/));
    const empty = new Map(shards).set(index, Buffer.from('{"weight_map": {}}'));
    await assert.rejects(read(empty, index), scanError('model-malformed', /names no files/));
  });
});
