/** One part on one device, in a process of its own: prints a line of JSON. */

import type { Machine } from "../../src/engine/runtime/runtime.ts";
import { scenesFor } from "../../src/eval/scenes.ts";
import { klAttention, logitLens, nextToken } from "../../src/losses/index.ts";
import { openTrainer } from "../../src/train/trainer/trainer.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { distanceOf, familyNames, familyNumbers } from "./families.ts";
import { adapterSteps, lensPasses, newTokens, shapeOf } from "./large.ts";
import type { Part } from "./plan.ts";

/** What it is told. */
export interface ChildJob {
  readonly part: Part;
  readonly device: string;
  readonly seconds: number;
}

const { part, device, seconds } = JSON.parse(process.argv[2]) as ChildJob;
const begun = performance.now();
const left = () => seconds - (performance.now() - begun) / 1e3;
const isSmall = part.model === "few";
const notes: string[] = [];
const machine: Machine = { device, onNote: (line) => void (notes.length < 5 && notes.push(line)) };

/** Differences from the processor, family by family, as far as the time reaches. */
async function parity() {
  const names = isSmall ? familyNames.filter((name) => /siglip-qwen2|gemma2/.test(name)) : familyNames;
  const families: Record<string, Readonly<Record<string, number>>> = {};
  for (const name of names) {
    if (Object.keys(families).length > 0 && left() < 0.15 * seconds) break;
    const expected = await familyNumbers(name, { device: "cpu" });
    const got = await familyNumbers(name, machine);
    families[name] = Object.fromEntries(
      Object.entries(expected).map(([key, numbers]) => [key, distanceOf(numbers, got[key] ?? [])]),
    );
  }
  const worst = Math.max(...Object.values(families).flatMap((found) => Object.values(found)));
  return { families, of: names.length, worst };
}

/** Steps of one of the twins on scenes, there and on the processor. */
async function training() {
  const steps = isSmall ? 3 : 20;
  const model = await openVlm("checkpoints/ntp", { machine });
  const examples = await scenesFor(model, { count: isSmall ? 2 : 8, seed: 1 });
  const lossesOn = async (on: Machine) => {
    const options = { model, machine: on, losses: [nextToken, logitLens, klAttention], learningRate: 3e-4 };
    const trainer = await openTrainer(options);
    const losses: number[] = [];
    for (let step = 0; step < steps && left() > 0; step++) losses.push((await trainer.step(examples)).loss);
    await trainer.close();
    return losses;
  };
  const [there, here] = [await lossesOn(machine), await lossesOn({ device: "cpu" })];
  const common = Math.min(there.length, here.length);
  const largest = distanceOf(here.slice(0, common), there.slice(0, common));
  return {
    losses: there,
    steps: there.length,
    largestDifference: largest,
    falls: there[there.length - 1] < there[0],
  };
}

const kinds: Readonly<Record<Exclude<Part["kind"], "step">, () => Promise<object>>> = {
  parity,
  training,
  adapters: async () => adapterSteps(await shapeOf(part.layers), machine, 0.7 * seconds),
  lens: async () => lensPasses(await shapeOf(part.layers), machine, 0.7 * seconds),
  generation: async () => newTokens(await shapeOf(part.layers), machine, part.layers === undefined ? 4 : 33),
};

const done = await kinds[part.kind as keyof typeof kinds]();
/** JSON has no word for it and would say null. */
const named = (_: string, value: unknown) =>
  typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
console.log(JSON.stringify({ ...done, ...(notes.length > 0 && { notes }) }, named));
