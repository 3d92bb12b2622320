/** Adapters, lens and generation of a LLaVA with random weights in their file, on any device. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ConstantArray, HostArray } from "../../src/engine/host.ts";
import type { Machine } from "../../src/engine/runtime/runtime.ts";
import { readLayers } from "../../src/lens/readings.ts";
import { imageStates } from "../../src/lens/traced.ts";
import { familyOf } from "../../src/models/registry.ts";
import { loraSchema } from "../../src/train/config/schema.ts";
import { openAdapters } from "../../src/train/step/lora.ts";
import { makeObjective } from "../../src/train/step/objective.ts";
import { programCache, runOn } from "../../src/vlm/open.ts";
import { randomCheckpoint } from "../checkpoint.ts";
import { type BenchRow, benchBatch, benchLayout, benchLosses } from "../llava.ts";
import { openStep } from "../overhead/steps.ts";
import { stepFolder } from "../step/job.ts";
import { sizesOf } from "../step/sizes.ts";

/** Which weights, and rows that fit them. */
interface Shape {
  readonly folder: string;
  readonly row: BenchRow;
}

/** LLaVA-1.5-7B with so many of its 32 layers, or the tiny model of the step benchmark. */
export async function shapeOf(layers: number | undefined): Promise<Shape> {
  if (layers === undefined) {
    const size = sizesOf({ model: "tiny", tokens: 128 });
    return { folder: await stepFolder(size), row: size };
  }
  const { folder } = await randomCheckpoint("llava-hf/llava-1.5-7b-hf", layers);
  const { image_token_index } = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  const row = { vocabulary: Number(image_token_index) + 1, side: 24, text: 63, answers: 16, concepts: 4 };
  return { folder, row };
}

/** What passes took, and a number of the first, by which devices are compared. */
export interface Timed {
  readonly milliseconds: readonly number[];
  /** From the start to the end of the first pass. */
  readonly firstMs: number;
  readonly value: number;
}

async function timed(pass: () => Promise<number>, seconds: number): Promise<Timed> {
  const milliseconds: number[] = [];
  const begun = performance.now();
  const value = await pass();
  const firstMs = performance.now() - begun;
  while (milliseconds.length < 5 && performance.now() - begun < seconds * 1e3) {
    const start = performance.now();
    await pass();
    milliseconds.push(performance.now() - start);
  }
  return { milliseconds, firstMs, value };
}

function open(folder: string) {
  const json = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  return familyOf(json, folder).read(json, folder);
}

/** Steps of adapters of rank 16 on all linear layers, all losses; the backward pass computes activations again. */
export async function adapterSteps(
  { folder, row }: Shape,
  machine: Machine,
  seconds: number,
): Promise<Timed> {
  const family = open(folder);
  const lora = loraSchema.parse({});
  const params = await family.open(folder, "mapped", machine);
  const losses = ["ntp", "lll", "klal"];
  const chosen = benchLosses(losses);
  const from = { from: folder, lora, train: { seed: 0 } as never };
  const { start, attach } = await openAdapters(from, family, chosen, {});
  const objective = makeObjective(family, benchLayout(row), chosen, (named) =>
    attach(family.fromNamed(named), named, undefined),
  );
  const frozen = family.toNamed<ConstantArray>(params);
  const batch = benchBatch(row);
  const given = { objective, trained: start, frozen, batch, losses, machine, recompute: true };
  const step = await openStep(given);
  let at = 0;
  return timed(() => step(at++), seconds);
}

/** The logit lens of one picture at every layer, in probabilities. */
export async function lensPasses({ folder, row }: Shape, machine: Machine, seconds: number): Promise<Timed> {
  const family = open(folder);
  const params = await family.open(folder, "mapped", machine);
  const model = { family, params, programs: programCache({ machine }) };
  const layout = benchLayout(row);
  const { pixelValues, inputIds, positionIds, segmentIds } = benchBatch(row);
  const inputs = { pixelValues, inputIds, positionIds, segmentIds };
  const fn = imageStates(model, layout);
  const rows = Array.from({ length: row.side ** 2 }, (_, i) => i);
  const options = { ids: [5, 7], norm: true, sum: true, ranks: false, top: 0 };
  return timed(async () => {
    const states = await runOn<HostArray[]>(model, "states", fn, [inputs]);
    const flat = states.map((state) => ({ ...state, shape: state.shape.slice(1) }));
    const layers = await readLayers(model, flat, rows, options);
    const { logits, logSumExp } = layers[layers.length - 1][0];
    return logits[0] - logSumExp;
  }, seconds);
}

/** New tokens after a prompt with one picture; the value is tokens in a second. */
export async function newTokens({ folder, row }: Shape, machine: Machine, count: number): Promise<Timed> {
  const family = open(folder);
  const params = await family.open(folder, "mapped", machine);
  const options = { maxNewTokens: count, machine, eosTokenIds: [] };
  const generator = family.createGenerator(options);
  const { pixelValues, inputIds } = benchBatch(row);
  const { images } = benchLayout(row);
  const layout = { images: [{ spans: images[0].spans, shape: { rows: row.side, columns: row.side } }] };
  const prompt = { ids: [...inputIds.data], layout, images: [{ pixelValues }] };
  const begun = performance.now();
  const times: number[] = [];
  for await (const _ of generator.stream(params as never, prompt as never, options))
    times.push(performance.now());
  await generator.dispose();
  const milliseconds = times.slice(1).map((time, i) => time - times[i]);
  const firstMs = times[0] - begun;
  return { milliseconds, firstMs, value: (1e3 * milliseconds.length) / (times[times.length - 1] - times[0]) };
}
