/**
 * Whether a 7 B lens fits in memory: `node bench/lens/large.ts [--weights int4|int8|mapped] [--layers N]`.
 * A random checkpoint of Qwen2.5-VL-7B's shape (bfloat16, 16.6 GB with all 28 layers) is made in FOVEA_BENCH
 * (default: a folder for temporary files) at the first run; then the logit lens of one picture of 64 image
 * tokens, in probabilities, is read at every layer.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { random } from "../../src/common/random.ts";
import { float32, type HostArray, int32, isLeaf, leavesWithPaths, sizeOf } from "../../src/engine/host.ts";
import { type TensorHeader, writeTensorFile } from "../../src/hub/safetensors-write.ts";
import type { WeightForm } from "../../src/hub/weights.ts";
import { programCache, runOn } from "../../src/lens/model.ts";
import { readLayers } from "../../src/lens/readings.ts";
import { imageStates } from "../../src/lens/traced.ts";
import type { ModelFamily } from "../../src/models/family.ts";
import type { ImageLayout } from "../../src/models/inputs.ts";
import { familyOf } from "../../src/models/registry.ts";

const { values } = parseArgs({
  options: {
    weights: { type: "string", default: "int4" },
    layers: { type: "string", default: "28" },
  },
});
const layers = Number(values.layers);
const folder = join(process.env.FOVEA_BENCH ?? join(tmpdir(), "fovea-bench"), `qwen2.5-vl-7b-${layers}`);

const json = {
  model_type: "qwen2_5_vl",
  image_token_id: 151655,
  video_token_id: 151656,
  vision_start_token_id: 151652,
  vision_end_token_id: 151653,
  hidden_size: 3584,
  intermediate_size: 18944,
  num_hidden_layers: layers,
  num_attention_heads: 28,
  num_key_value_heads: 4,
  max_position_embeddings: 128000,
  rms_norm_eps: 1e-6,
  rope_theta: 1000000,
  vocab_size: 152064,
  tie_word_embeddings: false,
  rope_scaling: { type: "mrope", mrope_section: [16, 24, 24] },
  vision_config: {
    depth: 32,
    hidden_size: 1280,
    intermediate_size: 3420,
    num_heads: 16,
    out_hidden_size: 3584,
    patch_size: 14,
    spatial_merge_size: 2,
    temporal_patch_size: 2,
    window_size: 112,
    fullatt_block_indexes: [7, 15, 23, 31],
  },
};
const family: ModelFamily = familyOf(json);
const config = family.parseConfig(json) as never;

/** Headers of all tensors, from the tree of parameters before they have values. */
function headers(): TensorHeader[] {
  const named = family.toNamed(family.specs(config) as never) as Record<string, HostArray>;
  return Object.entries(named).map(([name, { shape }]) => ({ name, dtype: "BF16", shape }));
}

/** bfloat16 of a normal distribution, as bytes; read again and again from another place. */
function noise(count: number): Uint8Array {
  const source = random("large");
  const words = new Uint32Array(Float32Array.from({ length: count }, () => 0.02 * source.normal()).buffer);
  return new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
}

async function makeCheckpoint(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const all = headers();
  const pool = noise(2 ** 22 + 1);
  const ones = new Uint8Array(Uint16Array.from({ length: 2 ** 16 }, () => 0x3f80).buffer);
  async function* contents() {
    for (const [i, { name, shape }] of all.entries()) {
      const source = /norm/.test(name) ? ones : pool;
      let left = 2 * sizeOf(shape);
      for (let start = 2 * ((i * 7919) % 4096); left > 0; start = 0) {
        const part = source.subarray(start, Math.min(source.length, start + left));
        left -= part.length;
        yield part;
      }
    }
  }
  await writeTensorFile(join(folder, "model.safetensors"), all, contents(), { format: "pt" });
  writeFileSync(join(folder, "config.json"), JSON.stringify(json));
}

const memory = (field: string) => {
  const kilobytes = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return `${(Number(kilobytes) / 1e6).toFixed(2)} GB`;
};
const seconds = (start: number) => `${((performance.now() - start) / 1e3).toFixed(0)} s`;
const say = (what: string, start: number) =>
  console.log(`${what}: ${seconds(start)}; resident ${memory("VmRSS")}, peak ${memory("VmHWM")}`);

if (!existsSync(join(folder, "config.json"))) await makeCheckpoint();
const parameters = headers().reduce((sum, { shape }) => sum + sizeOf(shape), 0);
console.log(`${(parameters / 1e9).toFixed(2)} billion parameters, weights ${values.weights}`);

const opening = performance.now();
const { params } = await family.open(folder, values.weights as WeightForm);
say("open (rounding included, the first time)", opening);
const inMemory = leavesWithPaths(params as never, isLeaf).filter(([, leaf]) => "data" in leaf);
console.log(`tensors read into memory: ${inMemory.length}`);

const model = { family, config, params, programs: programCache() };
const N = 64;
const S = N + 8;
const ids = Array.from({ length: S }, (_, i) => (i >= 4 && i < 4 + N ? json.image_token_id : 100 + i));
const side = 16; // Patches on a side: 224 pixels, joined two by two into 8 x 8 tokens.
const pixelValues = float32([side * side, 3 * 2 * 14 * 14]);
for (let i = 0; i < pixelValues.data.length; i++) pixelValues.data[i] = ((i * 7919) % 2000) / 1000 - 1;
const layout: ImageLayout = {
  images: [{ spans: [{ start: 4, length: N }], shape: { rows: side, columns: side } }],
};
const inputs = {
  pixelValues,
  inputIds: int32([1, S], ids),
  positionIds: int32(
    [1, S],
    ids.map((_, i) => i),
  ),
  segmentIds: int32([1, S]),
};
const first = performance.now();
const fn = imageStates(model, layout);
const states = await runOn<HostArray[]>(model, "states", fn, [inputs]);
say("first forward pass, with compiling", first);
const again = performance.now();
await runOn<HostArray[]>(model, "states", fn, [inputs]);
say("forward pass", again);
const lens = performance.now();
const rows = Array.from({ length: N }, (_, i) => i);
const read = await readLayers(
  model,
  states.map((state) => ({ ...state, shape: state.shape.slice(1) })),
  rows,
  { ids: [300, 4000], norm: true, sum: true, ranks: false, top: 5 },
);
say(`lens of ${read.length} layers, ${N} image tokens, probabilities and five likeliest words`, lens);
const { logits, logSumExp, top } = read[read.length - 1][0];
console.log(`last layer, first token: p ${Math.exp(logits[0] - logSumExp)}, likeliest ${top[0].id}`);
