import { describe, expect, it, test } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray, int32, sizeOf } from "../../src/engine/host.ts";
import { type FolderFiles, openText, readFolderFiles } from "../../src/hub/folder.ts";
import {
  type Idefics3Config,
  idefics3ConfigToJson,
  parseIdefics3Config,
  tokensOnSide,
} from "../../src/models/idefics3/config.ts";
import { smolvlm } from "../../src/models/idefics3/family.ts";
import { tilePlaces } from "../../src/models/idefics3/places.ts";
import { imageText } from "../../src/models/idefics3/reader.ts";
import { type Idefics3Params, joinCells, tilePositions } from "../../src/models/idefics3/vision.ts";
import type { ModelInputs } from "../../src/models/inputs/inputs.ts";
import { placeImages } from "../../src/models/inputs/layout.ts";
import { unpadded } from "../../src/models/inputs/rows.ts";
import { familyOf } from "../../src/models/registry.ts";
import { isParamSpec, mapTree } from "../../src/nn/init.ts";
import transformers from "../fixtures/models/places.json" with { type: "json" };
import { distance } from "./fixture.ts";

/** Fields that all published text configs of SmolVLM have and that change nothing. */
const unused = {
  _flash_attn_2_enabled: true,
  architectures: ["VLlama3ForCausalLM"],
  is_llama_config: true,
  neftune_noise_alpha: 0.0,
  perceiver_config: { hidden_act: "silu", resampler_depth: 6 },
  pixel_shuffle_factor: 4,
  qk_layer_norms: false,
  rope_interleaved: false,
  torch_dtype: "bfloat16",
  use_resampler: false,
};

const base512 = {
  hidden_size: 768,
  image_size: 512,
  max_image_size: { longest_edge: 512 },
  num_attention_heads: 12,
  patch_size: 16,
  size: { longest_edge: 2048 },
  tie_word_embeddings: false,
  use_base_siglip: false,
};
const so400m = {
  hidden_size: 1152,
  intermediate_size: 4304,
  max_image_size: { longest_edge: 384 },
  image_size: 384,
  num_attention_heads: 16,
  num_hidden_layers: 27,
  patch_size: 14,
  size: { longest_edge: 1920 },
};
const smollm = (
  hidden_size: number,
  intermediate_size: number,
  num_hidden_layers: number,
  num_attention_heads: number,
  num_key_value_heads: number,
) => ({
  ...unused,
  head_dim: 64,
  hidden_size,
  intermediate_size,
  max_position_embeddings: 8192,
  model_type: "llama",
  num_attention_heads,
  num_hidden_layers,
  num_key_value_heads,
  pad_token_id: 2,
  rms_norm_eps: 1e-5,
  rope_theta: 100000,
  vocab_size: 49280,
});
const top = { tie_word_embeddings: false, torch_dtype: "bfloat16", use_cache: true };

/** `config.json` as published, parameters of transformers' model with it, image tokens of a tile. */
const published: Record<string, { json: Record<string, unknown>; parameters: number; tokens: number }> = {
  "SmolVLM-256M": {
    json: {
      ...top,
      model_type: "idefics3",
      image_token_id: 49190,
      scale_factor: 4,
      text_config: smollm(576, 1536, 30, 9, 3),
      vision_config: { ...base512, model_type: "idefics3" },
      vocab_size: 49280,
    },
    parameters: 256_484_928,
    tokens: 64,
  },
  "SmolVLM-500M": {
    json: {
      ...top,
      model_type: "idefics3",
      image_token_id: 49190,
      scale_factor: 4,
      text_config: smollm(960, 2560, 32, 15, 5),
      vision_config: { ...base512, model_type: "idefics3" },
      vocab_size: 49280,
    },
    parameters: 507_482_304,
    tokens: 64,
  },
  "SmolVLM-2.2B": {
    json: {
      ...top,
      model_type: "idefics3",
      image_seq_len: 81,
      image_token_id: 49153,
      scale_factor: 3,
      text_config: {
        ...smollm(2048, 8192, 24, 32, 32),
        max_position_embeddings: 16384,
        rope_theta: 273768.0,
        vocab_size: 49155,
      },
      vision_config: { ...so400m, model_type: "idefics3" },
      vocab_size: 49155,
    },
    parameters: 2_246_272_880,
    tokens: 81,
  },
  "SmolVLM2-500M-Video": {
    json: {
      ...top,
      model_type: "smolvlm",
      image_token_id: 49190,
      pad_token_id: 128002,
      scale_factor: 4,
      text_config: smollm(960, 2560, 32, 15, 5),
      use_reentrant_checkpointing: false,
      vision_config: { ...base512, model_type: "smolvlm_vision" },
      vocab_size: 49280,
    },
    parameters: 507_482_304,
    tokens: 64,
  },
  "SmolVLM2-2.2B": {
    json: {
      ...top,
      model_type: "smolvlm",
      image_token_id: 49190,
      pad_token_id: 128002,
      scale_factor: 3,
      text_config: { ...smollm(2048, 8192, 24, 32, 32), rope_theta: 130000 },
      // Width and heads are left to the defaults.
      vision_config: {
        image_size: 384,
        intermediate_size: 4304,
        model_type: "smolvlm_vision",
        num_hidden_layers: 27,
        patch_size: 14,
      },
    },
    parameters: 2_246_784_880,
    tokens: 81,
  },
  "Idefics3-8B-Llama3": {
    json: {
      ...top,
      model_type: "idefics3",
      image_seq_len: 169,
      image_token_id: 128257,
      scale_factor: 2,
      text_config: {
        bos_token_id: 128000,
        eos_token_id: [128001, 128008, 128009],
        hidden_size: 4096,
        intermediate_size: 14336,
        max_position_embeddings: 131072,
        model_type: "llama",
        num_attention_heads: 32,
        num_hidden_layers: 32,
        num_key_value_heads: 8,
        pad_token_id: 128002,
        rms_norm_eps: 1e-5,
        rope_scaling: {
          factor: 8.0,
          high_freq_factor: 4.0,
          low_freq_factor: 1.0,
          original_max_position_embeddings: 8192,
          rope_type: "llama3",
        },
        rope_theta: 500000.0,
        vocab_size: 128259,
      },
      vision_config: {
        hidden_size: 1152,
        image_size: 364,
        intermediate_size: 4304,
        model_type: "idefics3",
        num_attention_heads: 16,
        num_hidden_layers: 27,
        patch_size: 14,
      },
    },
    parameters: 8_462_086_384,
    tokens: 169,
  },
};

describe.each(Object.entries(published))("%s", (_, { json, parameters, tokens }) => {
  const family = familyOf(json);
  const config = family.read(json).config as Idefics3Config;

  it("has the published number of parameters", () => {
    let count = 0;
    mapTree(family.read(json).specs, isParamSpec, ({ shape }) => {
      count += sizeOf(shape);
    });
    expect(count).toBe(parameters);
  });

  it("has the published number of image tokens in a tile", () => {
    expect(tokensOnSide(config, config.visionConfig.imageSize) ** 2).toBe(tokens);
  });

  it("reads what it writes", () => {
    const written = JSON.parse(JSON.stringify(idefics3ConfigToJson(config)));
    expect(written.architectures).toEqual([
      json.model_type === "smolvlm" ? "SmolVLMForConditionalGeneration" : "Idefics3ForConditionalGeneration",
    ]);
    expect(family.read(written).config).toEqual(config);
  });
});

const tinyJson = {
  model_type: "smolvlm",
  image_token_id: 7,
  scale_factor: 2,
  text_config: {
    model_type: "llama",
    vocab_size: 12,
    hidden_size: 8,
    intermediate_size: 12,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    max_position_embeddings: 64,
  },
  vision_config: {
    hidden_size: 8,
    intermediate_size: 12,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    image_size: 16,
    patch_size: 4,
  },
};

/** 1,024 patches and 8 heads: two pictures at a time go through the tower. */
const manyPatches = {
  ...tinyJson,
  scale_factor: 16,
  vision_config: { ...tinyJson.vision_config, image_size: 32, patch_size: 1, num_attention_heads: 8 },
};

/** Rows of 15 tokens, of which 12 stand for the three pictures of an image. */
function tinyRows(seeds: readonly number[], side: number) {
  const ids = [1, ...new Array<number>(4).fill(7), 2, ...new Array<number>(8).fill(7), 3];
  const B = seeds.length;
  const pixels = seeds.flatMap((seed) =>
    Array.from({ length: 3 * 3 * side ** 2 }, (_, i) => Math.sin(i * seed + i ** 2 / 100)),
  );
  return {
    layout: placeImages(ids, 7, [{ tokens: 12, shape: { rows: 1, columns: 2 } }]),
    inputs: {
      pixelValues: float32([3 * B, 3, side, side], pixels),
      inputIds: int32([B, ids.length], new Array(B).fill(ids).flat()),
      positionIds: int32([B, ids.length], new Array(B).fill([...ids.keys()]).flat()),
      segmentIds: int32([B, ids.length]),
    },
  };
}

const taps = ["imageFeatures", "visionHiddenStates"] as const;

interface Seen {
  readonly imageFeatures: HostArray;
  readonly visionHiddenStates: readonly HostArray[];
}

async function seen(json: typeof tinyJson, seeds: readonly number[]): Promise<Seen> {
  const family = smolvlm.read(json);
  const params = family.initParams(1);
  const { layout: row, inputs: plain } = tinyRows(seeds, json.vision_config.image_size);
  const { layout, inputs } = unpadded({ family }, plain, row);
  const fn = (tree: Idefics3Params, rows: ModelInputs) =>
    family.forward(tree, rows, { layout, taps, logits: false }).taps;
  const program = await compile<Seen>(fn, [params, inputs]);
  const result = await program.run(params, inputs);
  await program.dispose();
  return result;
}

test.each([
  ["all pictures at once", tinyJson],
  ["two pictures at a time", manyPatches],
])("each row of a batch sees its own pictures, %s", async (_, json) => {
  const both = await seen(json, [1, 2]);
  const rows = [await seen(json, [1]), await seen(json, [2])];
  expect(both.imageFeatures.shape).toEqual([2, 12, 8]);
  const joined = rows.flatMap(({ imageFeatures }) => [...imageFeatures.data]);
  expect(distance(both.imageFeatures.data, joined)).toBeLessThan(1e-6);
  expect(distance(rows[0].imageFeatures.data, rows[1].imageFeatures.data)).toBeGreaterThan(1e-3);
  for (const [i, states] of both.visionHiddenStates.entries()) {
    expect(states.shape).toEqual([2, ...rows[0].visionHiddenStates[i].shape.slice(1)]);
    const own = rows.flatMap(({ visionHiddenStates }) => [...visionHiddenStates[i].data]);
    expect(distance(states.data, own)).toBeLessThan(1e-5);
  }
});

test("patches that become one token are neighbours", async () => {
  const x = float32([1, 24, 1], [...new Array(24).keys()]);
  const fn = (values: NdArray) => ({ cells: joinCells(values, { rows: 4, columns: 6 }, 2) });
  const program = await compile<{ cells: HostArray }>(fn, [x]);
  const { cells } = await program.run(x);
  await program.dispose();
  expect(cells.shape).toEqual([1, 6, 4]);
  expect([...cells.data.slice(0, 8)]).toEqual([0, 1, 6, 7, 2, 3, 8, 9]);
  expect([...cells.data.slice(-4)]).toEqual([16, 17, 22, 23]);
});

describe("places in the position table", () => {
  it.each([26, 27, 32])("are the patches' own in a full tile of %i a side", (side) => {
    const places = tilePositions({ rows: side, columns: side }, side);
    expect(places).toEqual([...places.keys()]);
  });

  it("are moved by float32 where transformers' are", () => {
    const moved = new Map(
      transformers.moved.map(([count, side, ...by]) => [`${count} ${side}`, by as number[][]]),
    );
    for (let side = 1; side <= transformers.most; side++) {
      for (let count = 1; count <= transformers.most; count++) {
        const want = Array.from({ length: count }, (_, i) => Math.floor((i * side) / count));
        const [patches, by] = moved.get(`${count} ${side}`) ?? [[], []];
        for (const [k, i] of patches.entries()) want[i] += by[k];
        expect(tilePlaces(count, side), `${count} in ${side}`).toEqual(want);
      }
    }
  });

  // As transformers' buckets place the patches of a smaller picture.
  it("are spread over the table by a smaller grid", () => {
    expect(tilePositions({ rows: 2, columns: 3 }, 4)).toEqual([0, 1, 2, 8, 9, 10]);
    expect(tilePositions({ rows: 1, columns: 5 }, 8)).toEqual([0, 1, 3, 4, 6]);
  });
});

describe("the text of an image", () => {
  const marks = { around: "#", global: "G", image: "i" };

  it("is the whole view alone", () => {
    expect(imageText({ rows: 0, columns: 0 }, 3, marks)).toBe("#Giii#");
  });

  it("is a line for each row of tiles, an empty line, and the whole view", () => {
    expect(imageText({ rows: 2, columns: 2 }, 1, marks)).toBe(
      "#<row_1_col_1>i#<row_1_col_2>i\n#<row_2_col_1>i#<row_2_col_2>i\n\n#Gi#",
    );
  });
});

test("the embeddings are tied as the whole model says", () => {
  const text = { ...tinyJson.text_config, tie_word_embeddings: true };
  const tied = (json: object) => smolvlm.read(json).specs;
  expect(tied({ ...tinyJson, text_config: text })).toHaveProperty("lmHead");
  expect(tied({ ...tinyJson, tie_word_embeddings: true })).not.toHaveProperty("lmHead");
});

test.each([
  [{ scale_factor: 0 }, "scale_factor"],
  [
    { vision_config: { ...tinyJson.vision_config, num_attention_heads: 3 } },
    "vision_config.num_attention_heads must be a divisor of hidden_size (8), got 3",
  ],
  [{ text_config: { ...tinyJson.text_config, model_type: "bert" } }, "text_config.model_type"],
])("refuses %j", (change, message) => {
  expect(() => parseIdefics3Config("smolvlm", { ...tinyJson, ...change })).toThrow(message);
});

describe("the image reader", () => {
  const folder = new URL("../fixtures/models/smolvlm/tiles/", import.meta.url).pathname;
  const image = { width: 50, height: 30, data: new Uint8Array(50 * 30 * 3).fill(90) };

  async function reader(change: (files: FolderFiles) => FolderFiles) {
    const files = await readFolderFiles(folder);
    const config = smolvlm.parseConfig(files.config);
    const { tokenizer } = openText(files, folder, config);
    return smolvlm.bind(config).openReader(change(files), tokenizer, "model");
  }

  it("gives a view for each tile and one of the whole picture", async () => {
    const { ids, views, shape, extraTokens } = (await reader((files) => files)).preprocess(image);
    expect(shape).toEqual({ rows: 2, columns: 3 });
    expect(extraTokens).toBe(0);
    expect(views.map(({ patch, grid }) => [patch, grid])).toEqual(
      new Array(7).fill([8, { rows: 2, columns: 2 }]),
    );
    const config = smolvlm.parseConfig((await readFolderFiles(folder)).config);
    expect(ids.filter((id) => id === config.imageTokenId)).toHaveLength(28);
  });

  it.each([
    [{ max_image_size: { longest_edge: 20 } }, {}, "max_image_size must be a multiple of the pixels"],
    [
      {},
      { image_seq_len: 64 },
      "model/processor_config.json: image_seq_len must be 4 for this model, got 64",
    ],
  ])("refuses files that do not fit: %j %j", async (image, processor, message) => {
    const made = reader((files) => ({
      ...files,
      preprocessor: { ...files.preprocessor, ...image },
      processor: { ...files.processor, ...processor },
    }));
    await expect(made).rejects.toThrow(message);
  });

  it("refuses a folder without preprocessor_config.json", async () => {
    await expect(reader(({ preprocessor: _, ...files }) => files)).rejects.toThrow(
      "model: expected a file preprocessor_config.json, found none",
    );
  });
});

test.each([
  [{}, 128002],
  [{ pad_token_id: 6 }, 6],
  [{ _pad_token_id: 5 }, 5],
  [{ _pad_token_id: 5, pad_token_id: 6 }, 5],
  [{ _pad_token_id: null }, null],
])("the padding id of %o is written under its newer name", (fields, id) => {
  const config = parseIdefics3Config("smolvlm", fields);
  expect(idefics3ConfigToJson(config)).toMatchObject({ _pad_token_id: id });
  expect(idefics3ConfigToJson(config)).not.toHaveProperty("pad_token_id");
});
