import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { type HostArray, int32 } from "../../src/engine/host.ts";
import { checkpointOf } from "../../src/hub/gguf/checkpoint.ts";
import { ggufFields } from "../../src/hub/gguf/fields.ts";
import type { GgufValue } from "../../src/hub/gguf/header.ts";
import { type GgufFile, openGguf } from "../../src/hub/gguf/open.ts";
import { openCheckpoint } from "../../src/hub/weights/checkpoint.ts";
import { planLlava, writeLlava } from "../../src/models/build/build.ts";
import { ggufConfig } from "../../src/models/build/gguf/config.ts";
import { ropeOf } from "../../src/models/build/gguf/rope.ts";
import { unpadded } from "../../src/models/inputs/rows.ts";
import { openVlm, type Vlm } from "../../src/vlm/open.ts";
import { ggufBytes } from "../hub/gguf/file.ts";

const run = promisify(execFile);
const fixtures = new URL("../fixtures/", import.meta.url).pathname;
const vision = join(fixtures, "models/llava/siglip-qwen2");
const file = (name: string) => join(fixtures, "gguf", `${name}.gguf`);
interface Reference {
  readonly row: number[];
  readonly logits: [first: number[], last: number[]];
  readonly next: number[];
}
const { models }: { models: Record<string, Reference> } = JSON.parse(
  readFileSync(join(fixtures, "gguf/reference.json"), "utf8"),
);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-gguf-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function built(name: string, dtype?: "F16"): Promise<string> {
  const out = await mkdtemp(join(folder, `${name}-`));
  await writeLlava(await planLlava({ vision, language: file(name), ...(dtype && { dtype }) }), out);
  return out;
}

/** [S, V] of a row without images. */
async function logitsOf(model: Vlm, row: readonly number[]): Promise<HostArray> {
  const plain = {
    pixelValues: { dtype: "float32", shape: [0, 3, 8, 8], data: new Float32Array() },
    inputIds: int32([1, row.length], row),
    positionIds: int32([1, row.length], [...row.keys()]),
    segmentIds: int32([1, row.length]),
  };
  const { inputs, layout } = unpadded(model, plain as never, { images: [] } as never);
  const fn = (params: never, batch: never) => model.family.forward(params, batch, { layout });
  const program = await compile<{ logits: HostArray }>(fn as never, [model.params, inputs] as never);
  const { logits } = await program.run(model.params as never, inputs);
  await program.dispose();
  return logits;
}

describe.each(Object.keys(models))("a model built of %s.gguf", (name) => {
  it("has Python's logits to 1e-4, and says what comes next as Python does", async () => {
    const { row, logits, next } = models[name];
    const model = await openVlm(await built(name));
    const { shape, data } = await logitsOf(model, row);
    const [V, last] = [shape.at(-1) as number, row.length - 1];
    const places = [data.slice(0, V), data.slice(last * V, (last + 1) * V)];
    for (const [i, expected] of logits.entries())
      for (const [token, logit] of expected.entries())
        expect(Math.abs(places[i][token] - logit), `${i} ${token}`).toBeLessThan(1e-4);
    const generator = model.family.createGenerator({ maxNewTokens: next.length, eosTokenIds: [] } as never);
    const [said] = await generator.generate(model.params as never, [
      { ids: row, layout: { images: [] }, images: [] } as never,
    ]);
    expect(said.tokens).toEqual(next);
  });
});

describe("weights of a GGUF file", () => {
  it("are float32 in the folder where they are in few bits, and keep their type where they are not", async () => {
    const { tensors } = await openCheckpoint(await built("llama"));
    const typeOf = (name: string) => tensors.get(`language_model.model.layers.1.${name}.weight`)?.dtype;
    expect([typeOf("self_attn.q_proj"), typeOf("self_attn.k_proj"), typeOf("self_attn.v_proj")]).toEqual([
      "F32",
      "F16",
      "BF16",
    ]);
    const half = await openCheckpoint(await built("llama", "F16"));
    expect(new Set([...half.tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(["F16"]));
  });

  it("have llama.cpp's order of rows undone, head by head", async () => {
    const gguf = await openGguf(file("llama"));
    const { headsOf } = await ggufConfig(gguf);
    const [stored, put] = [checkpointOf(gguf, {}), checkpointOf(gguf, { headsOf })];
    for (const [name, heads] of [
      ["blk.0.attn_q.weight", 2],
      ["blk.0.attn_k.weight", 1],
    ] as const) {
      const [before, after] = [await stored.read(name), await put.read(name)];
      const [rows, width] = before.shape;
      const H = rows / heads;
      for (let row = 0; row < rows; row++) {
        const [head, j] = [Math.floor(row / H), row % H];
        const from = head * H + 2 * (j % (H / 2)) + Math.floor(j / (H / 2));
        expect(after.data.slice(row * width, (row + 1) * width)).toEqual(
          before.data.slice(from * width, (from + 1) * width),
        );
      }
    }
    expect(await put.read("blk.0.attn_v.weight")).toEqual(await stored.read("blk.0.attn_v.weight"));
  });

  it("have a mean row for the image token, where the table has no row left", async () => {
    const made = await openCheckpoint(await built("llama"));
    const table = await made.read("language_model.model.embed_tokens.weight");
    const stored = await checkpointOf(await openGguf(file("llama")), {}).read("token_embd.weight");
    const [V, D] = stored.shape;
    expect(table.shape).toEqual([V + 1, D]);
    expect(table.data.slice(0, V * D)).toEqual(stored.data);
    for (let d = 0; d < D; d++) {
      const column = Array.from({ length: V }, (_, v) => stored.data[v * D + d]);
      expect(table.data[V * D + d]).toBeCloseTo(column.reduce((a, b) => a + b) / V, 5);
    }
    const padded = await openCheckpoint(await built("qwen2"));
    expect((await padded.read("language_model.model.embed_tokens.weight")).shape[0]).toBe(
      ((await openGguf(file("qwen2"))).fields.get("tokenizer.ggml.tokens") as string[]).length,
    );
  });
});

describe("the config of a GGUF file", () => {
  const changed = async (name: string, fields: Record<string, GgufValue | undefined>): Promise<GgufFile> => {
    const gguf = await openGguf(file(name));
    const map = new Map([...gguf.fields, ...(Object.entries(fields) as [string, GgufValue][])]);
    for (const [field, value] of Object.entries(fields)) if (value === undefined) map.delete(field);
    return { ...gguf, fields: map };
  };

  it.each([
    ["llama", { model_type: "llama", num_key_value_heads: 1, head_dim: 16, tie_word_embeddings: false }],
    ["qwen2", { model_type: "qwen2", num_hidden_layers: 1, tie_word_embeddings: true }],
    ["qwen3", { model_type: "qwen3", head_dim: 128, attention_bias: false, rms_norm_eps: 1e-5 }],
  ])("of %s says its sizes", async (name, expected) => {
    const { config } = await ggufConfig(await changed(name, {}));
    expect(config).toMatchObject({ hidden_size: 32, max_position_embeddings: 512, ...expected });
  });

  it("has Mistral's window", async () => {
    const { config } = await ggufConfig(await changed("llama", { "llama.attention.sliding_window": 64 }));
    expect(config).toMatchObject({ model_type: "mistral", sliding_window: 64 });
  });

  it.each<[string, Record<string, GgufValue>, object]>([
    [
      "linear",
      { "llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": 4 },
      { rope_type: "linear", factor: 4 },
    ],
    [
      "the older linear",
      { "llama.rope.scaling.type": "linear", "llama.rope.scale_linear": 2 },
      { rope_type: "linear", factor: 2 },
    ],
    [
      "yarn",
      {
        "llama.rope.scaling.type": "yarn",
        "llama.rope.scaling.factor": 4,
        "llama.rope.scaling.original_context_length": 128,
      },
      { rope_type: "yarn", factor: 4, original_max_position_embeddings: 128 },
    ],
  ])("has %s scaling of the rotary embedding", async (_, fields, expected) => {
    const { config } = await ggufConfig(await changed("llama", fields));
    expect(config.rope_parameters).toEqual({ rope_theta: 10000, ...expected });
  });

  it("ends answers at both of the file's ends", async () => {
    const ends = { "tokenizer.ggml.eos_token_id": 2, "tokenizer.ggml.eot_token_id": 5 };
    expect((await ggufConfig(await changed("llama", ends))).config.eos_token_id).toEqual([2, 5]);
  });

  it.each<[string, Record<string, GgufValue | undefined>, RegExp]>([
    [
      "another architecture",
      { "general.architecture": "mamba" },
      /general.architecture: expected one of llama, qwen2, qwen3, found "mamba"/,
    ],
    [
      "no number of layers",
      { "llama.block_count": undefined },
      /llama.block_count: expected one, found none/,
    ],
    ["layers that are a text", { "llama.block_count": "two" }, /llama.block_count: expected a whole number/],
    [
      "heads that differ by layer",
      { "llama.attention.head_count_kv": [1, 2] },
      /the same in every layer, found \[1,2\]/,
    ],
    ["experts", { "llama.expert_count": 8 }, /llama.expert_count: expected 0.*found 8/],
    [
      "another scaling",
      { "llama.rope.scaling.type": "longrope" },
      /rope.scaling.type: expected none, linear or yarn, found "longrope"/,
    ],
    [
      "a field of the rotary embedding not known",
      { "llama.rope.dimension_sections": [1, 2, 3] },
      /llama.rope.dimension_sections: expected no such field/,
    ],
    [
      "heads turned in part",
      { "llama.rope.dimension_count": 8 },
      /llama.rope.dimension_count: expected 16, a head's size, found 8/,
    ],
    ["soft caps", { "llama.attn_logit_softcapping": 50 }, /attn_logit_softcapping: expected 0/],
    [
      "more tokens than rows",
      { "tokenizer.ggml.tokens": Array(500).fill("a") },
      /token_embd.weight: expected a row for each of 500 tokens/,
    ],
  ])("is refused with %s", async (_, fields, message) => {
    await expect(ggufConfig(await changed("llama", fields))).rejects.toThrow(message);
  });
});

describe("fovea build --language FILE.gguf", () => {
  const fovea = (...args: string[]) =>
    run(process.execPath, [new URL("../../src/cli/main.ts", import.meta.url).pathname, "build", ...args]);

  it("writes a folder with the file's tokenizer, template and licence", async () => {
    const out = join(folder, "cli");
    await fovea("--vision", vision, "--language", file("qwen2"), "--out", out);
    const card = await readFile(join(out, "README.md"), "utf8");
    expect(card).toMatch(/\| language \| qwen2\.gguf \| apache-2\.0 \|/);
    expect(await readFile(join(out, "chat_template.jinja"), "utf8")).toContain("<|im_start|>");
    expect((await openVlm(out)).chat.tokenizer.tokenId("<think>")).toBeGreaterThan(0);
  });

  it("says in one line what does not fit", async () => {
    const missing = fovea(
      "--vision",
      vision,
      "--language",
      join(folder, "no.gguf"),
      "--out",
      join(folder, "no"),
    );
    await expect(missing).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no\.gguf: expected a GGUF file, found: no such file/),
    });
    const tower = fovea("--vision", file("llama"), "--language", file("llama"), "--out", join(folder, "no"));
    await expect(tower).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/llama\.gguf: model_type must be one of clip, .*, got "llama"/),
    });
  });
});

describe("a file whose sizes do not fit its tensors is refused", () => {
  it.each<[string, number, RegExp]>([
    [
      "llama.feed_forward_length",
      128,
      /misshapen: blk\.0\.ffn_gate\.weight \(expected \[128, 32\], found \[256, 32\]\)/,
    ],
    ["llama.block_count", 3, /9 missing: language_model\.model\.layers\.2\./],
    ["llama.block_count", 1, /9 unexpected: blk\.1\./],
  ])("%s %i", async (field, value, message) => {
    const bytes = readFileSync(file("llama"));
    bytes.writeUInt32LE(value, bytes.indexOf(field) + field.length + 4);
    const path = join(folder, `${field}-${value}.gguf`);
    await writeFile(path, bytes);
    await expect(planLlava({ vision, language: path })).rejects.toThrow(message);
    await expect(planLlava({ vision, language: path })).rejects.toThrow(/gguf does not fit the model: /);
  });
});

describe("factors of the rotary embedding's frequencies", () => {
  const [headDim, theta] = [64, 500000];
  /** As llama.cpp's converter writes them for Llama 3.1. */
  const factors = (factor: number, original = 8192) =>
    Float32Array.from({ length: headDim / 2 }, (_, i) => {
      const wave = (2 * Math.PI) / theta ** ((-2 * i) / headDim);
      if (wave < original / 4) return 1;
      if (wave > original / 1) return factor;
      const smooth = (original / wave - 1) / (4 - 1);
      return 1 / ((1 - smooth) / factor + smooth);
    });
  const ropeWith = async (values: Float32Array) => {
    const tensors = [{ name: "rope_freqs.weight", sizes: [values.length], type: 0, offset: 0 }];
    const header = ggufBytes({ tensors, data: 0 });
    const bytes = new Uint8Array([...header, ...new Uint8Array(values.buffer)]);
    const path = join(folder, "factors.gguf");
    await writeFile(path, bytes);
    const gguf = await openGguf(path);
    const fields = new Map([["llama.rope.freq_base", theta]]);
    const whole = { ...gguf, fields };
    return ropeOf(whole, ggufFields(whole), (name) => `llama.${name}`, { headDim, longest: 131072 });
  };

  it.each([8, 32])("are Llama 3's with factor %i", async (factor) => {
    expect(await ropeWith(factors(factor))).toEqual({
      rope_theta: theta,
      rope_type: "llama3",
      factor,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    });
  });

  it("are refused where they follow from nothing published", async () => {
    const message = /rope_freqs\.weight: expected 32 factors as in Llama 3\.1/;
    await expect(ropeWith(factors(8, 4096))).rejects.toThrow(message);
    await expect(ropeWith(factors(8).slice(0, 16))).rejects.toThrow(message);
    await expect(ropeWith(factors(8).fill(Number.NaN))).rejects.toThrow(message);
  });
});
