import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HostArray } from "../../src/engine/host.ts";
import { formatJson } from "../../src/hub/json.ts";
import { openSafetensors } from "../../src/hub/weights/safetensors.ts";
import { writeSafetensors } from "../../src/hub/weights/safetensors-write.ts";
import { imageTokenCount, llavaConfigToJson, parseLlavaConfig } from "../../src/models/llava/config.ts";
import { llava } from "../../src/models/llava/family.ts";
import { currentTensorName, tensorName } from "../../src/models/llava/names.ts";
import { countParams } from "../../src/models/llava/params.ts";
import { tinyLlava } from "../../src/models/llava/tiny.ts";
import { familyOf } from "../../src/models/registry.ts";
import { fixtureFolder, fixtureNames } from "./fixture.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-llava-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const readJson = async (path: string) => JSON.parse(await readFile(path, "utf8"));

describe("a LLaVA folder", () => {
  it.each(fixtureNames)("is written as it was read, names, values and config (%s)", async (name) => {
    const original = fixtureFolder(name);
    const model = await llava.load(original);
    const target = join(folder, "saved");
    await model.family.save(target, model.params, { files: { "tokenizer.json": { version: "1.0" } } });
    const [before, after] = await Promise.all(
      [original, target].map((path) => openSafetensors(join(path, "model.safetensors"))),
    );
    expect([...after.tensors.keys()]).toEqual([...before.tensors.keys()]);
    for (const key of before.tensors.keys()) expect(await after.read(key)).toEqual(await before.read(key));
    const [wrote, was] = await Promise.all(
      [target, original].map((path) => readJson(join(path, "config.json"))),
    );
    expect(was).toMatchObject({ ...wrote, text_config: expect.anything(), vision_config: expect.anything() });
    expect(was.text_config).toMatchObject(wrote.text_config);
    expect(was.vision_config).toMatchObject(wrote.vision_config);
    const again = await llava.load(target);
    expect([again.family.config, again.params]).toEqual([model.family.config, model.params]);
    expect((await readdir(target)).sort()).toEqual([
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer.json",
    ]);
  });

  it("loads under the tensor names of older files", async () => {
    const { family, params } = await llava.load(fixtureFolder("grouped"));
    await writeFile(join(folder, "config.json"), JSON.stringify(family.configToJson()));
    const old = Object.entries(family.toNamed(params)).map(([name, value]): [string, HostArray] => [
      name.replace(/^vision_tower\./, "vision_tower.vision_model."),
      value,
    ]);
    const positions: HostArray = { dtype: "int32", shape: [1, 10], data: new Int32Array(10) };
    const tensors = new Map([
      ...old,
      ["vision_tower.vision_model.embeddings.position_ids", positions] as const,
    ]);
    await writeSafetensors(join(folder, "model.safetensors"), tensors);
    expect((await llava.load(folder)).params).toEqual(params);
  });

  it("names the tensor that does not fit", async () => {
    const { family, params } = await llava.load(fixtureFolder("grouped"));
    const { config } = family;
    const wider = { ...config, textConfig: { ...config.textConfig, vocabSize: 40 } };
    await llava.bind(wider).save(join(folder, "wide"), params);
    await expect(llava.load(join(folder, "wide"))).rejects.toThrow(
      "language_model.model.embed_tokens.weight (expected [40, 16], found [32, 16])",
    );
  });

  it("leaves an existing folder alone unless told to replace it", async () => {
    const model = await llava.load(fixtureFolder("several"));
    await expect(model.family.save(fixtureFolder("grouped"), model.params)).rejects.toThrow("already exists");
    const other = await llava.load(fixtureFolder("grouped"));
    await other.family.save(join(folder, "x"), other.params);
    await model.family.save(join(folder, "x"), model.params, { replace: true });
    expect((await llava.load(join(folder, "x"))).params).toEqual(model.params);
  });
});

describe("tensor names", () => {
  it.each([
    ["languageModel.layers.3.selfAttn.qProj.weight", "language_model.model.layers.3.self_attn.q_proj.weight"],
    ["lmHead.weight", "language_model.lm_head.weight"],
    ["visionTower.preLayrnorm.bias", "vision_tower.pre_layrnorm.bias"],
    ["visionTower.encoder.layers.0.layerNorm1.weight", "vision_tower.encoder.layers.0.layer_norm1.weight"],
    ["multiModalProjector.linear1.weight", "multi_modal_projector.linear_1.weight"],
  ])("%s is written %s", (path, name) => expect(tensorName(path)).toBe(name));

  it.each([
    ["vision_tower.vision_model.encoder.layers.0.mlp.fc1.bias", "vision_tower.encoder.layers.0.mlp.fc1.bias"],
    ["model.vision_tower.vision_model.pre_layrnorm.bias", "vision_tower.pre_layrnorm.bias"],
    ["vision_tower.vision_model.head.mlp.fc1.weight", null],
    ["model.language_model.norm.weight", "language_model.model.norm.weight"],
    ["language_model.model.norm.weight", "language_model.model.norm.weight"],
    ["lm_head.weight", "language_model.lm_head.weight"],
    ["language_model.model.layers.0.self_attn.rotary_emb.inv_freq", null],
  ])("%s is read as %s", (stored, name) => expect(currentTensorName(stored)).toBe(name));
});

describe("configs", () => {
  it("have the sizes of LLaVA-1.5-7B from its sparse file", () => {
    // The fields of llava-hf/llava-1.5-7b-hf that differ from transformers' defaults.
    const config = parseLlavaConfig({
      model_type: "llava",
      image_token_index: 32000,
      projector_hidden_act: "gelu",
      text_config: {
        model_type: "llama",
        max_position_embeddings: 4096,
        rms_norm_eps: 1e-5,
        vocab_size: 32064,
      },
      vision_config: {
        hidden_size: 1024,
        image_size: 336,
        intermediate_size: 4096,
        model_type: "clip_vision_model",
        num_attention_heads: 16,
        num_hidden_layers: 24,
        patch_size: 14,
        projection_dim: 768,
        vocab_size: 32000,
      },
      vision_feature_layer: -2,
      vision_feature_select_strategy: "default",
    });
    expect(llava.bind(config).facts).toMatchObject({
      imageSize: 336,
      layers: 32,
      vocabSize: 32064,
    });
    expect(imageTokenCount(config)).toBe(576);
    // The count of its safetensors index: 7,063,427,072.
    expect(countParams(llava.bind(config).specs).total).toBe(7063427072);
  });

  it("have the sizes of a LLaVA with SigLIP's tower and a Qwen2 decoder", () => {
    // The fields of llava-hf/llava-interleave-qwen-0.5b-hf that differ from transformers' defaults.
    const config = parseLlavaConfig({
      model_type: "llava",
      image_token_index: 151646,
      projector_hidden_act: "gelu",
      text_config: {
        hidden_size: 1024,
        intermediate_size: 2816,
        max_window_layers: 21,
        model_type: "qwen2",
        num_attention_heads: 16,
        num_hidden_layers: 24,
        num_key_value_heads: 16,
        rope_theta: 1000000.0,
        sliding_window: 32768,
        vocab_size: 152000,
      },
      vision_config: {
        hidden_size: 1152,
        image_size: 384,
        intermediate_size: 4304,
        model_type: "siglip_vision_model",
        num_attention_heads: 16,
        num_hidden_layers: 26,
        patch_size: 14,
        vision_use_head: false,
      },
      vision_feature_layer: -1,
      vision_feature_select_strategy: "full",
    });
    expect(imageTokenCount(config)).toBe(729);
    // Parameters of transformers' model with these fields.
    expect(countParams(llava.bind(config).specs).total).toBe(1_019_679_264);
  });

  it("count what they start with", () => {
    const config = tinyLlava({
      vocabSize: 30,
      imageTokenId: 1,
      vision: { layers: 1 },
      decoder: { layers: 1 },
    });
    const named = llava.bind(config).toNamed(llava.bind(config).initParams(0, { visionPositionStd: 0.4 }));
    const total = Object.values(named).reduce((sum, { data }) => sum + data.length, 0);
    expect(countParams(llava.bind(config).specs).total).toBe(total);
    const std = (name: string) => {
      const values = [...named[name].data];
      return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
    };
    expect(std("vision_tower.embeddings.position_embedding.weight")).toBeCloseTo(0.4, 1);
    expect(std("language_model.model.embed_tokens.weight")).toBeCloseTo(0.02, 2);
    expect(named).not.toHaveProperty(["language_model.lm_head.weight"]);
  });

  it.each([
    [{ model_type: "llava" }],
    [{ vision_feature_layer: 9 }],
    [{ text_config: { hidden_size: 10, num_attention_heads: 3 } }],
    [{ vision_config: { image_size: 2, patch_size: 3 } }],
    [{ vision_config: { model_type: "siglip_vision_model" } }],
    [{ vision_config: { model_type: "siglip_vision_model", num_attention_heads: 7 } }],
    [{ text_config: { hidden_act: "mish", vocab_size: -1 } }],
    [{ text_config: { rope_scaling: { type: "dynamic", factor: 2 } } }],
  ])("with mistakes say where: %j", (change) => {
    const base = { model_type: "llava", vision_config: { num_hidden_layers: 2 }, text_config: {} };
    const json = "model_type" in change ? change : { ...base, ...change };
    expect(() => parseLlavaConfig(json)).toThrowErrorMatchingSnapshot();
  });

  it("write whole numbers of float fields as floats, which Python insists on", () => {
    const base = { model_type: "llava", vision_config: {}, text_config: { initializer_range: 0 } };
    const text = formatJson(llavaConfigToJson(parseLlavaConfig(base)));
    expect(text).toContain('"initializer_range": 0.0');
    expect(text).toContain('"rope_theta": 10000.0');
  });

  it("of an unknown family say which are known", () => {
    expect(() => familyOf({ model_type: "mystery" })).toThrow(
      /^config\.json: model_type must be one of .*llava.*, got "mystery"$/,
    );
  });
});
