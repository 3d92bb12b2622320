/** A training as the page's worker runs it, in Node: what it says, how it stops, what it leaves. */
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { CutOutSet } from "../../src/data/assets/cutout.ts";
import { loadCutOuts } from "../../src/data/assets/load.ts";
import { memorySource } from "../../src/hub/source/memory.ts";
import { conceptMap } from "../../src/lens/token-map.ts";
import type { FromTrainer } from "../../src/studio/learn/messages.ts";
import { defaultRecipe, type Recipe } from "../../src/studio/learn/recipe.ts";
import { openSession } from "../../src/studio/learn/session.ts";
import { PROBES, trainingWorld } from "../../src/studio/learn/world.ts";
import { openVlm, type Vlm } from "../../src/vlm/open.ts";

const recipe: Recipe = { ...defaultRecipe, batch: 2, things: 4 };

let model: Vlm;
let cutOuts: CutOutSet;
beforeAll(async () => {
  model = await openVlm(join(import.meta.dirname, "../../checkpoints/ntp"));
  cutOuts = await loadCutOuts({ names: 64 });
});

type Said = FromTrainer[];
const of = <K extends string>(said: Said, kind: K) =>
  said.filter((one): one is Extract<FromTrainer, Record<K, unknown>> => kind in one);

/** Opens a session that pauses after so many steps, with a clock that goes on a second at every look. */
async function session(given: Recipe, steps: number) {
  const said: Said = [];
  let seconds = 0;
  const opened = await openSession({
    recipe: given,
    model,
    cutOuts,
    machine: { threads: 1 },
    now: () => seconds++,
    say(message) {
      said.push(message);
      if ("losses" in message && message.losses.step % steps === 0) opened.pause();
    },
  });
  return { opened, said };
}

describe("a training", () => {
  it("shows the start, says each step's losses, pauses with its last maps, goes on, and gives its folder", async () => {
    const { opened, said } = await session(recipe, 2);
    await opened.run();
    const [{ watched }] = of(said, "watched");
    expect(watched.map(({ geometry }) => geometry.grid)).toEqual(
      Array.from({ length: PROBES }, () => ({ rows: 8, columns: 8 })),
    );
    expect(new Set(watched.map(({ word }) => word)).size).toBe(PROBES);
    expect(of(said, "losses").map(({ losses }) => losses.step)).toEqual([1, 2]);
    expect(Object.keys(of(said, "losses")[0].losses.parts)).toEqual(expect.arrayContaining(["ntp", "lll"]));
    const moments = of(said, "moment").map(({ moment }) => moment);
    expect([moments[0].step, moments.at(-1)?.step]).toEqual([0, 2]);
    const [{ score }] = of(said, "score");
    expect([score.step, score.scenes]).toEqual([0, 64]);
    expect(score.iou).toBeLessThan(0.1);
    expect(of(said, "paused")).toEqual([{ paused: 2 }]);
    await opened.run();
    expect(of(said, "paused").at(-1)).toEqual({ paused: 4 });
    const saved = await openVlm(memorySource(await opened.files(), "trained"));
    const last = of(said, "moment").at(-1)?.moment;
    const { values } = await conceptMap(saved, watched[0].image, watched[0].word);
    for (const [n, value] of values.entries())
      expect(Math.abs(value - (last?.maps[0].lens[n] as number))).toBeLessThan(1e-5);
    await opened.close();
  });

  it("from nothing has other weights for each seed, and leaves the model that it was given as it is", async () => {
    const first = [];
    for (const seed of [1, 2]) {
      const { opened, said } = await session({ ...recipe, start: "nothing", seed }, 1);
      await opened.run();
      await opened.close();
      first.push(of(said, "moment")[0].moment.maps[0].lens);
    }
    const { image } = trainingWorld(cutOuts, recipe, 64).probes[0].example;
    const [twin] = [await conceptMap(model, image, trainingWorld(cutOuts, recipe, 64).probes[0].word)];
    expect(first[0]).not.toEqual(first[1]);
    expect(Array.from(first[0])).not.toEqual(Array.from(twin.values));
  });

  it("ends with one line where a loss is no finite number", async () => {
    const { opened } = await session({ ...recipe, learningRate: 1e30 }, 40);
    const error = await opened.run().catch((thrown: Error) => thrown);
    expect((error as Error).message).toMatch(
      /^trainer.step: step \d+ is not finite: .*; a lower learningRate may help$/,
    );
    await opened.close();
  });
});

describe("the scenes", () => {
  it("show only the things of the recipe; pictures that are watched are the same for every seed", () => {
    const words = (seed: number) => trainingWorld(cutOuts, { ...recipe, seed }, 64);
    const [one, other] = [words(1), words(2)];
    const named = one.batch(0).flatMap(({ concepts }) => concepts.map(({ word }) => word));
    expect(new Set(named).size).toBeLessThanOrEqual(4);
    expect(one.probes.map(({ example }) => example.image.data)).toEqual(
      other.probes.map(({ example }) => example.image.data),
    );
    expect(one.batch(0)[0].image.data).not.toEqual(other.batch(0)[0].image.data);
    expect(one.batch(0)[0].image.data).not.toEqual(one.heldOut(1)[0].image.data);
    expect(() => trainingWorld(cutOuts, { ...recipe, things: 65 }, 64)).toThrow("at most 64");
  });
});
