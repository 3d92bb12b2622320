/** Random checkpoints of a published model's shape, in bfloat16. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { random } from "../src/common/random.ts";
import { sizeOf } from "../src/engine/host.ts";
import type { TensorHeader } from "../src/hub/weights/safetensors-encode.ts";
import { writeTensorFile } from "../src/hub/weights/safetensors-write.ts";
import type { BoundFamily } from "../src/models/contract/family.ts";
import type { PartSpec } from "../src/models/contract/roles.ts";
import { familyOf } from "../src/models/registry.ts";

/** What config.json has. */
export type Config = Record<string, unknown>;

export interface RandomCheckpoint {
  readonly folder: string;
  readonly family: BoundFamily;
  readonly parameters: number;
}

/**
 * A checkpoint of the shape of `OWNER/NAME`, one of tests/fixtures/models/published-configs.json, with its own number
 * of decoder layers or `layers`; made in FOVEA_BENCH (default: a folder for temporary files) at the first call.
 */
export async function randomCheckpoint(name: string, layers?: number): Promise<RandomCheckpoint> {
  const json = published(name, layers);
  const parent = process.env.FOVEA_BENCH ?? join(tmpdir(), "fovea-bench");
  return writtenAs(join(parent, [name.split("/")[1], ...(layers ? [layers] : [])].join("-")), json);
}

/** A random checkpoint of this config in `folder`, made where there is none yet. */
export async function writtenAs(folder: string, json: Config): Promise<RandomCheckpoint> {
  const family = familyOf(json).read(json);
  const headers = headersOf(family);
  if (!existsSync(join(folder, "config.json"))) {
    mkdirSync(folder, { recursive: true });
    await writeRandomWeights(folder, json);
    writeFileSync(join(folder, "config.json"), JSON.stringify(json));
  }
  return { folder, family, parameters: headers.reduce((sum, { shape }) => sum + sizeOf(shape), 0) };
}

/** The weights of a config, random, as `model.safetensors` of a folder. `deviation`: of all but the norms. */
export async function writeRandomWeights(folder: string, config: Config, deviation = 0.02): Promise<void> {
  const headers = headersOf(familyOf(config).read(config));
  const path = join(folder, "model.safetensors");
  await writeTensorFile(path, headers, contents(headers, deviation), { format: "pt" });
}

function headersOf(family: BoundFamily): TensorHeader[] {
  const named = family.toNamed<PartSpec>(family.specs);
  return Object.entries(named).map(([name, { shape }]) => ({ name, dtype: "BF16" as const, shape }));
}

function published(name: string, layers: number | undefined): Config {
  const path = new URL("../tests/fixtures/models/published-configs.json", import.meta.url);
  const all = JSON.parse(readFileSync(path, "utf8")) as Record<string, { readonly config: Config }>;
  if (!Object.hasOwn(all, name))
    throw new Error(`expected one of ${Object.keys(all).join(", ")}, got ${name}`);
  const { config } = all[name];
  if (layers === undefined) return config;
  const text = config.text_config as Config | undefined;
  if (text === undefined) return { ...config, num_hidden_layers: layers };
  return { ...config, text_config: { ...text, num_hidden_layers: layers } };
}

/** Norms are 1; all else reads one list of random numbers again and again, each tensor from another place. */
async function* contents(headers: readonly TensorHeader[], deviation: number) {
  const pool = noise(2 ** 22 + 1, deviation);
  const ones = new Uint8Array(Uint16Array.from({ length: 2 ** 16 }, () => 0x3f80).buffer);
  for (const [i, { name, shape }] of headers.entries()) {
    const source = /norm/.test(name) ? ones : pool;
    let left = 2 * sizeOf(shape);
    for (let start = 2 * ((i * 7919) % 4096); left > 0; start = 0) {
      const part = source.subarray(start, Math.min(source.length, start + left));
      left -= part.length;
      yield part;
    }
  }
}

/** bfloat16 of a normal distribution, as bytes. */
function noise(count: number, deviation: number): Uint8Array {
  const source = random("large");
  const words = new Uint32Array(
    Float32Array.from({ length: count }, () => deviation * source.normal()).buffer,
  );
  return new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
}

/** The decoder of SmolLM2-135M, but for its words, as `text_config` says it. */
export const smolLm2Decoder = {
  model_type: "llama",
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  head_dim: 64,
  max_position_embeddings: 8192,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
} as const;
