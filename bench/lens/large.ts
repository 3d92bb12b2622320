/**
 * Whether a 7 B lens fits in memory: `node bench/lens/large.ts [--weights int4|int8|mapped] [--layers N]`.
 * A random checkpoint of Qwen2.5-VL-7B's shape (bfloat16, 16.6 GB with all 28 layers) is made in FOVEA_BENCH
 * (default: a folder for temporary files) at the first run; then the logit lens of one picture of 64 image
 * tokens, in probabilities, is read at every layer.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { float32, type HostArray, int32, isLeaf, leavesWithPaths } from "../../src/engine/host.ts";
import type { WeightForm } from "../../src/hub/weights/weights.ts";
import { readLayers } from "../../src/lens/readings.ts";
import { imageStates } from "../../src/lens/traced.ts";
import { unpadded } from "../../src/models/inputs/rows.ts";
import { programCache, runOn } from "../../src/vlm/open.ts";
import { randomCheckpoint } from "../checkpoint.ts";

const { values } = parseArgs({
  options: {
    weights: { type: "string", default: "int4" },
    layers: { type: "string" },
  },
});
const layers = values.layers === undefined ? undefined : Number(values.layers);
const { folder, family, parameters } = await randomCheckpoint("Qwen/Qwen2.5-VL-7B-Instruct", layers);

const memory = (field: string) => {
  const kilobytes = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return `${(Number(kilobytes) / 1e6).toFixed(2)} GB`;
};
const seconds = (start: number) => `${((performance.now() - start) / 1e3).toFixed(0)} s`;
const say = (what: string, start: number) =>
  console.log(`${what}: ${seconds(start)}; resident ${memory("VmRSS")}, peak ${memory("VmHWM")}`);

console.log(`${(parameters / 1e9).toFixed(2)} billion parameters, weights ${values.weights}`);

const opening = performance.now();
const params = await family.open(folder, values.weights as WeightForm);
say("open (rounding included, the first time)", opening);
const inMemory = leavesWithPaths(params, isLeaf).filter(([, leaf]) => "data" in leaf);
console.log(`tensors read into memory: ${inMemory.length}`);

const model = { family, params, programs: programCache() };
const N = 64;
const S = N + 8;
const ids = Array.from({ length: S }, (_, i) => (i >= 4 && i < 4 + N ? 151655 : 100 + i));
const side = 16; // Patches on a side: 224 pixels, joined two by two into 8 x 8 tokens.
const pixelValues = float32([side * side, 3 * 2 * 14 * 14]);
for (let i = 0; i < pixelValues.data.length; i++) pixelValues.data[i] = ((i * 7919) % 2000) / 1000 - 1;
const plain = {
  pixelValues,
  inputIds: int32([1, S], ids),
  positionIds: int32(
    [1, S],
    ids.map((_, i) => i),
  ),
  segmentIds: int32([1, S]),
};
const { inputs, layout } = unpadded(model, plain, {
  images: [{ spans: [{ start: 4, length: N }], shape: { rows: side, columns: side } }],
});
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
