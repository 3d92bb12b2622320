/** Child process of the lens benchmark: one way to run Fovea; prints one line of JSON. */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { giveMemoryBack } from "../../src/common/allocator.ts";
import { float32, type HostArray, int32, release } from "../../src/engine/host.ts";
import type { WeightForm } from "../../src/hub/weights/weights.ts";
import { readLayers } from "../../src/lens/readings.ts";
import { imageStates, logitsAt } from "../../src/lens/traced.ts";
import type { ImageLayout } from "../../src/models/inputs/inputs.ts";
import { familyOf } from "../../src/models/registry.ts";
import { programCache, type Runnable, runOn } from "../../src/vlm/open.ts";
import { type Job, type Report, textTokens, tileTokens } from "./job.ts";
import { gigaflopsOf, productsOf, timeOf } from "./products.ts";

const job = JSON.parse(process.argv[2]) as Job;

/** One image of T tiles (the last one its whole view) between a few text tokens, the same in Python. */
function inputsOf({ tiles, imageTokenId, side }: Job) {
  const N = tiles * tileTokens;
  const S = N + 2 * textTokens;
  const ids = Array.from({ length: S }, (_, i) =>
    i >= textTokens && i < textTokens + N ? imageTokenId : 100 + i,
  );
  const pixelValues = float32([tiles, 3, side, side]);
  for (let i = 0; i < pixelValues.data.length; i++) pixelValues.data[i] = ((i * 7919) % 2000) / 1000 - 1;
  const count = Array.from({ length: S }, (_, i) => i);
  const inputs = {
    pixelValues,
    inputIds: int32([1, S], ids),
    positionIds: int32([1, S], count),
    segmentIds: int32([1, S]),
  };
  const layout: ImageLayout = {
    images: [{ spans: [{ start: textTokens, length: N }], pixels: tiles }],
  };
  return { inputs, layout, ids };
}

async function openModel({ folder, form, threads }: Job): Promise<Runnable> {
  const json = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  const family = familyOf(json).read(json);
  const params = await family.open(folder, form as WeightForm);
  return { family, params, programs: programCache({ machine: { threads, arena: true } }) };
}

type Task = () => Promise<readonly number[]>;

async function forwardTask(model: Runnable): Promise<Task> {
  const { inputs, layout, ids } = inputsOf(job);
  const at = int32([1, 1], [ids.length - 1]);
  const fn = logitsAt(model, layout);
  return async () => {
    const logits = await runOn<HostArray>(model, "forward", fn, [inputs, at]);
    return job.concepts.map((id) => logits.data[id]);
  };
}

/** Maps of the concepts at all layers and image tokens; gives those of one token in three layers. */
async function lensTask(model: Runnable, space: "logit" | "probability"): Promise<Task> {
  const { inputs, layout } = inputsOf(job);
  const fn = imageStates(model, layout);
  const rows = Array.from({ length: job.tiles * tileTokens }, (_, i) => i);
  const options = { ids: job.concepts, norm: true, sum: space === "probability", ranks: false, top: 0 };
  return async () => {
    const states = await runOn<HostArray[]>(model, "states", fn, [inputs]);
    const flat = states.map((state) => ({ ...state, shape: state.shape.slice(1) }));
    const layers = await readLayers(model, flat, rows, options);
    for (const state of states) release(state);
    return [0, layers.length >> 1, layers.length - 2].flatMap((layer) => {
      const { logits, logSumExp } = layers[layer][rows.length - 1];
      return [...logits].map((logit) => (options.sum ? Math.exp(logit - logSumExp) : logit));
    });
  };
}

/** Seconds of each new token after the first. */
async function generate(model: Runnable): Promise<Report> {
  const { inputs, layout, ids } = inputsOf(job);
  const options = { maxNewTokens: job.newTokens, machine: { threads: job.threads }, eosTokenIds: [] };
  const generator = model.family.createGenerator(options);
  const [{ spans }] = layout.images;
  const rows = { images: [{ spans, shape: { rows: job.tiles - 1, columns: 1 } }] };
  const prompt = { ids, layout: rows, images: [inputs] };
  const passes: number[] = [];
  for (let round = 0; round <= job.repeats; round++) {
    const times: number[] = [];
    const stream = generator.stream(model.params as never, prompt, options);
    for await (const _ of stream) times.push(performance.now());
    passes.push((times[times.length - 1] - times[0]) / (times.length - 1));
  }
  await generator.dispose();
  return report(passes.slice(1), [], 0);
}

/** The products that `job.limitOf` needs, alone. */
async function limit(): Promise<Report> {
  const products = productsOf({ tiles: job.tiles, mode: job.limitOf ?? "logit" });
  const { sum, bestGigaflopPerSecond } = await timeOf(products, job.threads);
  return { ...report([sum], [], gigaflopsOf(products)), bestGigaflopPerSecond };
}

async function timed(task: Task, compileStart: number): Promise<Report> {
  const times: number[] = [];
  const cpu: number[] = [];
  let values = await task();
  const first = performance.now() - compileStart;
  const firstPeakBytes = peakBytes();
  for (let i = 0; i < job.repeats; i++) {
    const [start, before] = [performance.now(), process.cpuUsage()];
    values = await task();
    times.push(performance.now() - start);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1e3);
  }
  return { ...report(times, values, 0), cpu, firstMs: first, firstPeakBytes };
}

function peakBytes(): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024;
}

function report(times: readonly number[], values: readonly number[], gigaflop: number): Report {
  return { times, cpu: [], values, gigaflop, peakBytes: peakBytes() };
}

async function main(): Promise<Report> {
  if (job.mode === "limit") return limit();
  const start = performance.now();
  const model = await openModel(job);
  if (job.mode === "generate") return generate(model);
  const task =
    job.mode === "forward"
      ? await forwardTask(model)
      : await lensTask(model, job.mode as "logit" | "probability");
  return timed(task, start);
}

giveMemoryBack(); // As the command line does.
console.log(JSON.stringify(await main()));
