import * as jax from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import { type NdArray, slice } from "../../src/engine/array.ts";
import { float32, type HostArray, int32, sizeOf } from "../../src/engine/host.ts";
import type { ModelInputs, RowLayout } from "../../src/models/inputs/inputs.ts";
import { placeImages } from "../../src/models/inputs/layout.ts";
import { unpadded } from "../../src/models/inputs/rows.ts";
import { parseQwenProcessor, smartResize } from "../../src/models/qwen/processor.ts";
import {
  parseQwen3VlConfig,
  type Qwen3VlConfig,
  qwen3VlConfigToJson,
} from "../../src/models/qwen3_vl/config.ts";
import { qwen3Vl } from "../../src/models/qwen3_vl/family.ts";
import { isParamSpec, mapTree } from "../../src/nn/init.ts";
import { distance, plainRows, toJax } from "./fixture.ts";

/** `config.json` of a published dense size, Instruct and Thinking alike. */
interface Published {
  readonly text: readonly [width: number, mlp: number, layers: number, heads: number];
  readonly vision: readonly [width: number, mlp: number, depth: number];
  readonly deep: readonly number[];
  readonly tied: boolean;
  /** Parameters of `Qwen3VLForConditionalGeneration` with this config. */
  readonly parameters: number;
}

const small = { vision: [1024, 4096, 24], deep: [5, 11, 17], tied: true } as const;
const large = { vision: [1152, 4304, 27], deep: [8, 16, 24], tied: false } as const;
const published: Record<string, Published> = {
  "2B": { ...small, text: [2048, 6144, 28, 16], parameters: 2_127_532_032 },
  "4B": { ...small, text: [2560, 9728, 36, 32], parameters: 4_437_815_808 },
  "8B": { ...large, text: [4096, 12288, 36, 32], parameters: 8_767_123_696 },
  "32B": { ...large, text: [5120, 25600, 64, 64], parameters: 33_357_390_064 },
};

function publishedJson({ text, vision, deep, tied }: Published) {
  const [hidden_size, intermediate_size, num_hidden_layers, num_attention_heads] = text;
  return {
    architectures: ["Qwen3VLForConditionalGeneration"],
    image_token_id: 151655,
    model_type: "qwen3_vl",
    text_config: {
      attention_bias: false,
      attention_dropout: 0.0,
      bos_token_id: 151643,
      dtype: "bfloat16",
      eos_token_id: 151645,
      head_dim: 128,
      hidden_act: "silu",
      hidden_size,
      initializer_range: 0.02,
      intermediate_size,
      max_position_embeddings: 262144,
      model_type: "qwen3_vl_text",
      num_attention_heads,
      num_hidden_layers,
      num_key_value_heads: 8,
      rms_norm_eps: 1e-6,
      rope_scaling: { mrope_interleaved: true, mrope_section: [24, 20, 20], rope_type: "default" },
      rope_theta: 5000000,
      tie_word_embeddings: tied,
      use_cache: true,
      vocab_size: 151936,
    },
    tie_word_embeddings: tied,
    transformers_version: "4.57.0.dev0",
    video_token_id: 151656,
    vision_config: {
      deepstack_visual_indexes: deep,
      depth: vision[2],
      hidden_act: "gelu_pytorch_tanh",
      hidden_size: vision[0],
      in_channels: 3,
      initializer_range: 0.02,
      intermediate_size: vision[1],
      model_type: "qwen3_vl",
      num_heads: 16,
      num_position_embeddings: 2304,
      out_hidden_size: hidden_size,
      patch_size: 16,
      spatial_merge_size: 2,
      temporal_patch_size: 2,
    },
    vision_end_token_id: 151653,
    vision_start_token_id: 151652,
  };
}

describe("published Qwen3-VL", () => {
  it.each(Object.entries(published))("%s has a config that is read whole", (_, size) => {
    const config = parseQwen3VlConfig(publishedJson(size));
    const [width, mlp, layers, heads] = size.text;
    expect(qwen3Vl.bind(config).facts).toEqual({
      vocabSize: 151936,
      layers,
      attentionLayers: [...Array(layers).keys()],
      attentionWindows: Array(layers).fill(null),
      heads,
      width,
      maxPositions: 262144,
      longestRow: 262144,
      imageTokenId: 151655,
      imageSize: 768,
      eosTokenIds: [151645],
    });
    expect(config.textConfig).toMatchObject({ intermediateSize: mlp, numKeyValueHeads: 8, headDim: 128 });
    expect(config.textConfig.rope.ropeTheta).toBe(5e6);
    expect(config.visionConfig.deepstackVisualIndexes).toEqual(size.deep);
    expect(config.textConfig.tieWordEmbeddings).toBe(size.tied);
    expect(countParameters(config)).toBe(size.parameters);
  });

  it("has a config that reads back as it was written", () => {
    const config = parseQwen3VlConfig(publishedJson(published["4B"]));
    const written = JSON.parse(JSON.stringify(qwen3VlConfigToJson(config)));
    expect(parseQwen3VlConfig(written)).toEqual(config);
    // A key of the decoder's that transformers would take for a window of the key-value cache.
    expect(written.text_config).not.toHaveProperty("sliding_window");
    expect(written.vision_config.model_type).toBe("qwen3_vl_vision");
  });

  it("resizes pictures as its preprocessor_config.json says", () => {
    const { size, patchSize, mergeSize, normalise } = parseQwenProcessor({
      image_mean: [0.5, 0.5, 0.5],
      image_processor_type: "Qwen2VLImageProcessorFast",
      image_std: [0.5, 0.5, 0.5],
      merge_size: 2,
      patch_size: 16,
      processor_class: "Qwen3VLProcessor",
      size: { longest_edge: 16777216, shortest_edge: 65536 },
      temporal_patch_size: 2,
    });
    expect(normalise).toEqual({ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
    if (size === null || "width" in size) throw new TypeError("bounds expected");
    // smart_resize of transformers.
    const sizes = [
      [640, 480, 640, 480],
      [1000, 667, 992, 672],
      [100, 75, 320, 224],
      [33, 1600, 64, 1792],
      [8000, 6000, 4704, 3520],
      [16, 3000, 32, 3520],
    ];
    for (const [width, height, newWidth, newHeight] of sizes)
      expect(smartResize({ width, height }, patchSize * mergeSize, size)).toEqual({
        width: newWidth,
        height: newHeight,
      });
  });
});

function countParameters(config: Qwen3VlConfig): number {
  let count = 0;
  mapTree(qwen3Vl.bind(config).specs, isParamSpec, ({ shape }) => {
    count += sizeOf(shape);
  });
  return count;
}

const imageTokenId = 1;

/** Loud starting values, so that every part of the model shows in the result. */
function tinyJson(vision: object = {}, text: object = {}) {
  return {
    model_type: "qwen3_vl",
    image_token_id: imageTokenId,
    vision_config: {
      deepstack_visual_indexes: [0, 1],
      depth: 2,
      hidden_size: 8,
      initializer_range: 0.4,
      intermediate_size: 12,
      num_heads: 1,
      num_position_embeddings: 9,
      out_hidden_size: 12,
      patch_size: 2,
      temporal_patch_size: 1,
      ...vision,
    },
    text_config: {
      head_dim: 8,
      hidden_size: 12,
      initializer_range: 0.4,
      intermediate_size: 16,
      num_attention_heads: 2,
      num_hidden_layers: 3,
      num_key_value_heads: 1,
      rope_parameters: { mrope_section: [2, 1, 1], rope_theta: 100 },
      vocab_size: 20,
      ...text,
    },
  };
}

describe("a config that does not fit", () => {
  it.each([
    [{ num_heads: 3 }, {}, "vision_config.num_heads must divide hidden_size (8) into multiples of 4, got 3"],
    [
      { num_position_embeddings: 8 },
      {},
      "vision_config.num_position_embeddings must be a square number, got 8",
    ],
    [{ out_hidden_size: 8 }, {}, "vision_config.out_hidden_size must be text_config.hidden_size (12), got 8"],
    [
      { deepstack_visual_indexes: [0, 2] },
      {},
      "vision_config.deepstack_visual_indexes must be less than depth (2), got 2",
    ],
    [{}, { model_type: "qwen3" }, "text_config.model_type must be qwen3_vl_text, got qwen3"],
  ])("%j %j", (vision, text, message) => {
    expect(() => parseQwen3VlConfig(tinyJson(vision, text))).toThrow(`config.json: ${message}`);
  });
});

describe("a Qwen3-VL", () => {
  const config = parseQwen3VlConfig(tinyJson());
  const params = qwen3Vl.bind(config).initParams(7);
  const V = config.textConfig.vocabSize;
  const shapes = [
    { rows: 4, columns: 2 },
    { rows: 2, columns: 6 },
  ];
  const patches = [8, 12];

  const pixels = (count: number, phase = 0) =>
    float32(
      [count, 12],
      Array.from({ length: count * 12 }, (_, i) => Math.sin(1.7 * (i + phase) + (i % 7))),
    );

  /** Text, both images with text between them, then the question. */
  const row = (question: readonly number[]) => [
    2,
    ...[imageTokenId, imageTokenId],
    3,
    ...[imageTokenId, imageTokenId, imageTokenId],
    ...question,
  ];
  const prefix = 7;
  const layout = placeImages(
    row([]),
    imageTokenId,
    shapes.map((shape, i) => ({ tokens: patches[i] / 4, shape })),
  );

  function run(plain: ModelInputs<HostArray>, where: RowLayout = layout) {
    const taps = ["imageFeatures", "deepFeatures"] as const;
    const wanted = plain.pixelValues === undefined ? [] : taps;
    const { inputs, layout: room } = unpadded({ family: qwen3Vl.bind(config) }, plain, where);
    return qwen3Vl.bind(config).forward(toJax(params), toJax(inputs), { layout: room, taps: wanted });
  }
  const numbers = (x: NdArray | undefined) => x?.ref.dataSync() as Float32Array;

  beforeAll(async () => {
    await jax.init("cpu");
    jax.defaultDevice("cpu");
  });

  it("sees each image by itself", () => {
    const ids = int32([1, prefix + 1], row([4]));
    const [first, second] = [pixels(8), pixels(12, 3)];
    const joined = (other: HostArray<"float32">) =>
      plainRows(float32([20, 12], [...first.data, ...other.data]), ids);
    const [a, b] = [second, pixels(12, 5)].map((other) => run(joined(other)).taps);
    const images = [
      [a.imageFeatures, b.imageFeatures],
      ...[0, 1].map((i) => [a.deepFeatures[i], b.deepFeatures[i]]),
    ];
    for (const [one, other] of images) {
      const [before, after] = [one, other].map((x) => numbers(slice(x, 1, 0, 2)));
      expect(before).toEqual(after);
      expect(distance(numbers(slice(one, 1, 2, 5)), numbers(slice(other, 1, 2, 5)))).toBeGreaterThan(1e-2);
    }
  });

  it("computes for packed questions what separate rows give", () => {
    const questions = [
      [4, 5, 6],
      [7, 8],
      [9, 10, 11, 12],
    ];
    const ids = row(questions.flat());
    const S = ids.length + 1;
    const packed = numbers(
      run({
        pixelValues: pixels(20),
        inputIds: int32([1, S], [...ids, 0]),
        positionIds: int32(
          [1, S],
          [
            ...Array(prefix).keys(),
            ...questions.flatMap((question) => question.map((_, i) => prefix + i)),
            0,
          ],
        ),
        segmentIds: int32(
          [1, S],
          [
            ...Array<number>(prefix).fill(0),
            ...questions.flatMap((question, i) => question.map(() => i + 1)),
            -1,
          ],
        ),
      }).logits,
    );
    let start = prefix;
    for (const question of questions) {
      const length = prefix + question.length;
      const alone = numbers(run(plainRows(pixels(20), int32([1, length], row(question)))).logits);
      const stop = start + question.length;
      expect(distance(packed.slice(start * V, stop * V), alone.slice(prefix * V))).toBeLessThan(5e-6);
      start = stop;
    }
  });

  it("adds deep features in the order of the layers they come from", () => {
    const { visual } = params;
    const crossed = parseQwen3VlConfig(tinyJson({ deepstack_visual_indexes: [1, 0] }));
    const [first, second] = visual.deepstackMergerList;
    const swapped = { ...params, visual: { ...visual, deepstackMergerList: [second, first] } };
    const plain = plainRows(pixels(20), int32([1, prefix + 1], row([4])));
    const { inputs, layout: room } = unpadded({ family: qwen3Vl.bind(config) }, plain, layout);
    const given = qwen3Vl.bind(config).forward(toJax(params), toJax(inputs), { layout: room });
    const found = qwen3Vl.bind(crossed).forward(toJax(swapped), toJax(inputs), { layout: room });
    expect(numbers(found.logits)).toEqual(numbers(given.logits));
  });

  it("reads rows without images as the text before an image", () => {
    const text = [4, 5, 6, 7];
    const ids = [...text, imageTokenId, imageTokenId];
    const inputs = plainRows(pixels(8), int32([1, ids.length], ids));
    const one = placeImages(ids, imageTokenId, [{ tokens: 2, shape: shapes[0] }]);
    const { pixelValues: _, ...bare } = plainRows(pixels(8), int32([1, text.length], text));
    const before = numbers(run(inputs, one).logits).slice(0, text.length * V);
    expect(distance(numbers(run(bare, { images: [] }).logits), before)).toBeLessThan(5e-6);
  });
});
