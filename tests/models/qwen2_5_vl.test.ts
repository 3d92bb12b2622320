import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray, int32, sizeOf } from "../../src/engine/host.ts";
import type { FolderFiles } from "../../src/hub/folder.ts";
import type { ImageShape, RowLayout } from "../../src/models/inputs/inputs.ts";
import { pixelsOf } from "../../src/models/inputs/layout.ts";
import { tightRoom } from "../../src/models/inputs/padding.ts";
import { qwenPixels, roomyImages } from "../../src/models/qwen/patches.ts";
import { multimodalPositions } from "../../src/models/qwen/positions.ts";
import { parseQwen25VlConfig, qwen25VlConfigToJson } from "../../src/models/qwen2_5_vl/config.ts";
import { currentTensorName, qwen25Vl, tensorName } from "../../src/models/qwen2_5_vl/family.ts";
import { encodeImages, visionArrays, visionSpecs, windowsOf } from "../../src/models/qwen2_5_vl/vision.ts";
import { initParam, isParamSpec, mapTree } from "../../src/nn/init.ts";

/** `config.json` of a published size. */
interface Published {
  readonly text: readonly [width: number, mlp: number, layers: number, heads: number, keys: number];
  readonly visionMlp: number;
  readonly vocab: number;
  readonly tied: boolean;
  /** Parameters of `Qwen2_5_VLForConditionalGeneration` with this config. */
  readonly parameters: number;
}

const published: Record<string, Published> = {
  "3B": {
    text: [2048, 11008, 36, 16, 2],
    visionMlp: 3420,
    vocab: 151936,
    tied: true,
    parameters: 3_754_622_976,
  },
  "7B": {
    text: [3584, 18944, 28, 28, 4],
    visionMlp: 3420,
    vocab: 152064,
    tied: false,
    parameters: 8_292_166_656,
  },
  "32B": {
    text: [5120, 27648, 64, 40, 8],
    visionMlp: 3456,
    vocab: 152064,
    tied: false,
    parameters: 33_452_718_336,
  },
  "72B": {
    text: [8192, 29568, 80, 64, 8],
    visionMlp: 3456,
    vocab: 152064,
    tied: false,
    parameters: 73_410_777_344,
  },
};

function publishedJson({ text, visionMlp, vocab, tied }: Published) {
  const [hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, num_key_value_heads] = text;
  return {
    architectures: ["Qwen2_5_VLForConditionalGeneration"],
    attention_dropout: 0.0,
    bos_token_id: 151643,
    eos_token_id: 151645,
    vision_start_token_id: 151652,
    vision_end_token_id: 151653,
    vision_token_id: 151654,
    image_token_id: 151655,
    video_token_id: 151656,
    hidden_act: "silu",
    hidden_size,
    initializer_range: 0.02,
    intermediate_size,
    max_position_embeddings: 128000,
    max_window_layers: 28,
    model_type: "qwen2_5_vl",
    num_attention_heads,
    num_hidden_layers,
    num_key_value_heads,
    rms_norm_eps: 1e-6,
    rope_theta: 1000000.0,
    sliding_window: 32768,
    tie_word_embeddings: tied,
    torch_dtype: "bfloat16",
    transformers_version: "4.41.2",
    use_cache: true,
    use_sliding_window: false,
    vision_config: {
      depth: 32,
      hidden_act: "silu",
      hidden_size: 1280,
      intermediate_size: visionMlp,
      num_heads: 16,
      in_chans: 3,
      out_hidden_size: hidden_size,
      patch_size: 14,
      spatial_merge_size: 2,
      spatial_patch_size: 14,
      window_size: 112,
      fullatt_block_indexes: [7, 15, 23, 31],
      tokens_per_second: 2,
      temporal_patch_size: 2,
    },
    rope_scaling: { type: "mrope", mrope_section: [16, 24, 24] },
    vocab_size: vocab,
  };
}

describe("published Qwen2.5-VL", () => {
  it.each(Object.entries(published))("%s has a config that is read whole", (_, size) => {
    const config = parseQwen25VlConfig(publishedJson(size));
    const [width, mlp, layers, heads, keys] = size.text;
    expect(qwen25Vl.bind(config).facts).toEqual({
      vocabSize: size.vocab,
      layers,
      attentionLayers: [...Array(layers).keys()],
      attentionWindows: Array(layers).fill(null),
      heads,
      width,
      maxPositions: 128000,
      longestRow: 128000,
      imageTokenId: 151655,
      imageSize: 448,
      eosTokenIds: [151645],
    });
    expect(config.textConfig).toMatchObject({
      intermediateSize: mlp,
      numKeyValueHeads: keys,
      headDim: 128,
      rmsNormEps: 1e-6,
      useSlidingWindow: false,
      tieWordEmbeddings: size.tied,
    });
    expect(config.textConfig.rope).toEqual({
      ropeType: "default",
      ropeTheta: 1e6,
      mropeSection: [16, 24, 24],
    });
    let count = 0;
    mapTree(qwen25Vl.bind(config).specs, isParamSpec, ({ shape }) => {
      count += sizeOf(shape);
    });
    expect(count).toBe(size.parameters);
  });

  it("has the same config when the decoder's fields stand in text_config, as written today", () => {
    const config = parseQwen25VlConfig(publishedJson(published["3B"]));
    const written = JSON.parse(JSON.stringify(qwen25VlConfigToJson(config)));
    expect(written).not.toHaveProperty("hidden_size");
    expect(written.text_config.model_type).toBe("qwen2_5_vl_text");
    expect(parseQwen25VlConfig(written)).toEqual(config);
  });

  it.each([
    ["visual.blocks.31.attn.qkv.bias", "visual.blocks.31.attn.qkv.bias"],
    ["visual.patchEmbed.proj.weight", "visual.patch_embed.proj.weight"],
    ["visual.merger.lnQ.weight", "visual.merger.ln_q.weight"],
    ["visual.merger.mlp.2.bias", "visual.merger.mlp.2.bias"],
    ["languageModel.layers.0.selfAttn.qProj.bias", "model.layers.0.self_attn.q_proj.bias"],
    ["languageModel.norm.weight", "model.norm.weight"],
    ["lmHead.weight", "lm_head.weight"],
  ])("names %s %s in the hub's files, and reads it in those with modules' names", (path, stored) => {
    expect(tensorName(path)).toBe(stored);
    expect(currentTensorName(stored)).toBe(stored);
    const module = stored
      .replace(/^visual/, "model.visual")
      .replace(/^model\.(?!visual)/, "model.language_model.");
    expect(currentTensorName(module)).toBe(stored);
  });
});

const imageTokenId = 1;

function tinyJson(vision: object = {}, text: object = {}) {
  return {
    model_type: "qwen2_5_vl",
    image_token_id: imageTokenId,
    vision_config: {
      depth: 2,
      fullatt_block_indexes: [1],
      hidden_size: 8,
      initializer_range: 0.4,
      intermediate_size: 12,
      num_heads: 2,
      out_hidden_size: 12,
      patch_size: 2,
      window_size: 8,
      ...vision,
    },
    text_config: {
      hidden_size: 12,
      intermediate_size: 16,
      num_attention_heads: 2,
      num_hidden_layers: 2,
      num_key_value_heads: 1,
      rope_parameters: { mrope_section: [1, 1, 1], rope_theta: 100 },
      vocab_size: 20,
      ...text,
    },
  };
}

describe("a config that does not fit", () => {
  it.each([
    [{ num_heads: 3 }, {}, "vision_config.hidden_size must be a multiple of 4 num_heads (12), got 8"],
    [
      { window_size: 3 },
      {},
      "vision_config.window_size must be at least patch_size spatial_merge_size (4), got 3",
    ],
    [
      { out_hidden_size: 8 },
      {},
      "vision_config.out_hidden_size must equal text_config.hidden_size (12), got 8",
    ],
    [{ in_channels: 1 }, {}, "vision_config.in_channels: must be 3"],
    [{ depth: "2" }, {}, "vision_config.depth: "],
    [
      {},
      { rope_parameters: { rope_theta: 100 } },
      "text_config.rope_parameters.mrope_section must sum to half a head (3), got 64",
    ],
    [{}, { model_type: "qwen3" }, 'text_config.model_type: must be "qwen2_5_vl_text"'],
    [
      {},
      { num_key_value_heads: 3 },
      "text_config.num_key_value_heads must divide num_attention_heads (2), got 3",
    ],
  ])("%j %j", (vision, text, message) => {
    expect(() => parseQwen25VlConfig(tinyJson(vision, text), "x.json")).toThrow(`x.json: ${message}`);
  });

  it("keeps a sliding window only where it begins before the last layer", () => {
    const windowed = { use_sliding_window: true, sliding_window: 64 };
    const text = (first: number) =>
      parseQwen25VlConfig(tinyJson({}, { ...windowed, max_window_layers: first })).textConfig;
    expect(text(2)).toMatchObject({ useSlidingWindow: false });
    expect(text(0)).toMatchObject({ useSlidingWindow: true, slidingWindow: 64 });
  });
});

const config = parseQwen25VlConfig(tinyJson());

/** A row of images side by side, with `gap` columns of text before each. */
function layoutOf(shapes: readonly ImageShape[], gap = 1, merge = 2): RowLayout {
  let start = 0;
  const images = shapes.map((shape) => {
    start += gap;
    const length = (shape.rows * shape.columns) / merge ** 2;
    start += length;
    return { spans: [{ start: start - length, length }], shape };
  });
  return { images };
}

/** The room of one row. */
const roomOf = (layout: RowLayout) => tightRoom({ layout, length: 0 }, qwenPixels(2)).layout;

describe("windows", () => {
  it("stand row by row, each a run of tokens, and empty room last", () => {
    // 3 x 5 image tokens in windows of 2 x 2: two whole ones above, then the edges.
    const image = { shape: { rows: 6, columns: 10 }, start: 0, room: 68 };
    const tokens = windowsOf(config.visionConfig, image);
    expect(tokens.map(({ token }) => token)).toEqual([
      0, 1, 5, 6, 2, 3, 7, 8, 4, 9, 10, 11, 12, 13, 14, 15, 16,
    ]);
    expect(tokens.map(({ window }) => window)).toEqual([
      0, 0, 0, 0, 2, 2, 2, 2, 4, 4, 10, 10, 12, 12, 14, -1, -1,
    ]);
  });

  it("hold each token of each image once, and those of one cell only", () => {
    const side = fc.integer({ min: 1, max: 9 });
    const shape = fc.tuple(side, side).map(([rows, columns]) => ({ rows: 2 * rows, columns: 2 * columns }));
    fc.assert(
      fc.property(fc.array(shape, { minLength: 1, maxLength: 3 }), (shapes) => {
        const images = roomyImages(shapes, roomOf(layoutOf(shapes)));
        const tokens = images.flatMap((image) => windowsOf(config.visionConfig, image));
        const order = tokens.map(({ token }) => token);
        expect([...order].sort((a, b) => a - b)).toEqual(order.map((_, i) => i));
        const cells = shapes.flatMap(({ rows, columns }, image) =>
          Array.from({ length: (rows * columns) / 4 }, (_, i) => {
            const [row, column] = [Math.floor(i / (columns / 2)), i % (columns / 2)];
            return `${image} ${Math.floor(row / 2)} ${Math.floor(column / 2)}`;
          }),
        );
        const windowOf = new Map(tokens.map(({ token, window }) => [cells[token], window]));
        expect(windowOf.size).toBe(new Set(tokens.map(({ window }) => window)).size);
        for (const { token, window } of tokens) expect(windowOf.get(cells[token])).toBe(window);
        const starts = tokens.filter(({ window }, i) => i === 0 || tokens[i - 1].window !== window);
        expect(starts.length).toBe(windowOf.size);
      }),
      { numRuns: 50 },
    );
  });
});

/** Image tokens [B, N, D] of the tiny tower, from pixels [B P, 24]. */
async function tokens(vision: typeof config.visionConfig, pixels: HostArray, layout: RowLayout) {
  const params = mapTree(visionSpecs(vision), isParamSpec, (spec, path) => initParam(spec, 3, path));
  const room = roomOf(layout);
  const shapes = layout.images.map(({ shape }) => shape);
  const rows = Array.from({ length: pixels.shape[0] / pixelsOf(room) }, () => shapes);
  const arrays = visionArrays(vision, rows, room);
  const fn = (tree: never, x: NdArray, given: never) => ({
    features: encodeImages(vision, tree, { pixelValues: x, arrays: given, layout: room }).features,
  });
  const program = await compile<{ features: HostArray }>(fn, [params, pixels, arrays]);
  const { features } = await program.run(params, pixels, arrays);
  await program.dispose();
  return features;
}

const noise = (patches: number) =>
  float32(
    [patches, 24],
    Array.from({ length: patches * 24 }, (_, i) => Math.sin(1.7 * i + (i % 7))),
  );

/** Which image tokens of a row change when one patch of its pixels does. */
async function touched(vision: typeof config.visionConfig, layout: RowLayout, patch: number) {
  const patches = layout.images.reduce((sum, { shape }) => sum + shape.rows * shape.columns, 0);
  const other = noise(patches);
  other.data[patch * 24] += 1;
  const [before, after] = await Promise.all(
    [noise(patches), other].map((pixels) => tokens(vision, pixels, layout)),
  );
  const [, N, D] = before.shape;
  return Array.from({ length: N }, (_, i) => i).filter((token) =>
    Array.from({ length: D }, (_, d) => token * D + d).some((at) => before.data[at] !== after.data[at]),
  );
}

describe("the vision tower", () => {
  const layout = layoutOf([
    { rows: 6, columns: 8 },
    { rows: 4, columns: 2 },
  ]);

  it("looks through windows where no layer sees the whole image", async () => {
    const vision = { ...config.visionConfig, fullattBlockIndexes: [] };
    // Patch 4 is the first of token 1, in the window of tokens 0, 1, 4 and 5 of the 3 x 4.
    expect(await touched(vision, layout, 4)).toEqual([0, 1, 4, 5]);
    expect(await touched(vision, layout, 4 * 11)).toEqual([10, 11]);
    expect(await touched(vision, layout, 48)).toEqual([12, 13]);
  });

  it("sees a whole image where one does, and never another image", async () => {
    expect(await touched(config.visionConfig, layout, 4)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(await touched(config.visionConfig, layout, 48)).toEqual([12, 13]);
  });

  it("gives rows of a batch what they get alone", async () => {
    const both = noise(112);
    const second = float32([56, 24], both.data.slice(56 * 24));
    const together = await tokens(config.visionConfig, both, layout);
    const alone = await tokens(config.visionConfig, second, layout);
    expect(together.shape).toEqual([2, 14, 12]);
    const rest = together.data.slice(14 * 12);
    for (const [i, value] of alone.data.entries()) expect(rest[i]).toBeCloseTo(value as number, 5);
  });
});

describe("multimodal positions", () => {
  async function positions(rows: readonly (readonly number[])[], layout: RowLayout) {
    const ids = int32([rows.length, rows[0].length], rows.flat());
    const layouts = rows.map(() => layout);
    const found = multimodalPositions(ids, layouts, 2);
    const S = rows[0].length;
    return Array.from({ length: 3 * rows.length }, (_, i) => [...found.data.slice(i * S, (i + 1) * S)]);
  }
  const columns = (count: number) => Array.from({ length: count }, (_, i) => i);

  it("go on behind the larger side of each image", async () => {
    // Text, 1 x 3 tokens, text, 2 x 1 tokens, two of text.
    const layout = layoutOf([
      { rows: 2, columns: 6 },
      { rows: 4, columns: 2 },
    ]);
    expect(await positions([columns(9)], layout)).toEqual([
      [0, 1, 1, 1, 4, 5, 5, 7, 8],
      [0, 1, 1, 1, 4, 5, 6, 7, 8],
      [0, 1, 2, 3, 4, 5, 5, 7, 8],
    ]);
  });

  it("of packed questions and of generated tokens move as those of the first question do", async () => {
    const layout = layoutOf([{ rows: 4, columns: 4 }]);
    const packed = [0, 1, 2, 3, 4, 5, 6, 5, 6, 7];
    const [time, row, column] = await positions([packed], layout);
    expect(time).toEqual([0, 1, 1, 1, 1, 3, 4, 3, 4, 5]);
    expect(row).toEqual([0, 1, 1, 2, 2, 3, 4, 3, 4, 5]);
    expect(column).toEqual([0, 1, 2, 1, 2, 3, 4, 3, 4, 5]);
    expect(await positions([[40], [7]], layout)).toEqual([[38], [5], [38], [5], [38], [5]]);
  });

  it("are those along the row where there is no image", async () => {
    expect(await positions([columns(3)], { images: [] })).toEqual(Array(3).fill([0, 1, 2]));
  });
});

describe("the reader", () => {
  const open = (preprocessor: FolderFiles["preprocessor"]) =>
    qwen25Vl.bind(config).openReader({ preprocessor }, undefined as never, "folder");
  const preprocessor = { patch_size: 2, min_pixels: 16, max_pixels: 400 };

  it("gives one image token for merge x merge patches", () => {
    const image = { width: 31, height: 10, data: new Uint8Array(930) };
    const { pixelValues, shape, ids, extraTokens, views } = open(preprocessor).preprocess(image);
    expect(shape).toEqual({ rows: 4, columns: 16 });
    expect(pixelValues.shape).toEqual([64, 24]);
    expect(ids).toEqual(Array(16).fill(imageTokenId));
    expect(extraTokens).toBe(0);
    expect(views.map(({ grid, patch }) => [grid, patch])).toEqual([[{ rows: 2, columns: 8 }, 4]]);
  });

  it.each([
    [undefined, "folder: expected a file preprocessor_config.json, found none"],
    [{}, "folder/preprocessor_config.json: patch_size must be 2 as in config.json, got 14"],
    [
      { ...preprocessor, merge_size: 1 },
      "folder/preprocessor_config.json: merge_size must be 2 as in config.json, got 1",
    ],
    [
      { ...preprocessor, temporal_patch_size: 1 },
      "folder/preprocessor_config.json: temporal_patch_size must be 2 as in config.json, got 1",
    ],
  ])("refuses a folder whose files disagree: %j", (json, message) => {
    expect(() => open(json)).toThrow(message);
  });
});
