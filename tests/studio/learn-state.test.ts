/** Learn without a page: recipes in addresses, what is said of them, the film's memory, the curves, the saved folder. */
import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import type { Moment, StepLosses } from "../../src/studio/learn/messages.ts";
import {
  defaultRecipe,
  problemOf,
  type Recipe,
  recipeFrom,
  recipeKeys,
  titleOf,
  watchLine,
} from "../../src/studio/learn/recipe.ts";
import { curvesOf, smoothed } from "../../src/studio/page/learn/curve-series.ts";
import { archiveOf, configOf, folderName, savedFolder } from "../../src/studio/page/learn/saved-folder.ts";
import {
  added,
  announcement,
  begun,
  MOMENTS,
  momentAt,
  nameOf,
  progressOf,
  timeOf,
  told,
} from "../../src/studio/page/learn/training-state.ts";
import { checkConfig } from "../../src/train/config/config.ts";

const losses = (change: Partial<Recipe["losses"]>): Recipe => ({
  ...defaultRecipe,
  losses: { ...defaultRecipe.losses, ...change },
});
const off = { on: false, weight: 1 };
const ntpAlone = losses({ lll: off });
const all = losses({ klal: { on: true, weight: 0.5 } });

const moment = (step: number): Moment => ({ step, seconds: step / 2, maps: [] });
const lossesAt = (step: number, ntp: number): StepLosses => ({
  step,
  seconds: step / 2,
  loss: ntp,
  parts: { ntp, lll: 1 },
});

describe("a recipe", () => {
  it("comes back from its address", () => {
    for (const recipe of [
      defaultRecipe,
      ntpAlone,
      all,
      {
        ...all,
        start: "nothing" as const,
        learningRate: 1e-3,
        batch: 4,
        things: 16,
        seed: 7,
        device: "webgpu" as const,
      },
    ]) {
      const keys = recipeKeys(recipe);
      expect(recipeFrom((key) => keys[key])).toEqual(recipe);
    }
    expect(Object.values(recipeKeys(defaultRecipe)).filter((value) => value !== undefined)).toEqual([]);
  });

  it("takes nothing from an address that it cannot be", () => {
    const keys: Record<string, string> = {
      rate: "-1",
      batch: "2.5",
      things: "9999",
      lll: "NaN",
      start: "x",
      seed: "",
    };
    expect(recipeFrom((key) => keys[key])).toEqual(defaultRecipe);
  });

  it("is called by its losses, and says what to watch for as far as they ask for it", () => {
    expect([titleOf(defaultRecipe), titleOf(ntpAlone), titleOf(all)]).toEqual([
      "NTP + LLL",
      "NTP",
      "NTP + LLL + 0.5 KLAL",
    ]);
    expect(watchLine(defaultRecipe, "duck")).toContain("patches under the duck");
    expect(watchLine(ntpAlone, "duck")).toContain("Nothing here asks the patches");
    expect(watchLine(ntpAlone, "duck")).not.toContain("should start");
    expect(watchLine(all, "duck")).toContain("asked to look at the duck");
    expect(problemOf(losses({ ntp: off, lll: { on: true, weight: 0 } }))).toContain("at least one loss");
    expect(problemOf(defaultRecipe)).toBeUndefined();
  });
});

describe("a training's state", () => {
  it("follows what the worker says, and ends with one line where a loss is no number", () => {
    let state = begun(defaultRecipe, "c");
    expect(announcement(state)).toBe("Opening.");
    state = told(state, { loading: { what: "the model", done: 0 } });
    state = told(state, { moment: moment(0) });
    state = told(state, { losses: lossesAt(1, 3) });
    expect([state.status, state.doing, progressOf(state)]).toEqual(["training", undefined, "1 step, 1 s"]);
    state = told(state, { score: { step: 1, seconds: 1, scenes: 64, iou: 0.25, pointing: 0.5 } });
    expect(announcement(state)).toContain("lens IoU is 0.25");
    state = told(state, { paused: 1 });
    expect(state.status).toBe("stopped");
    const failed = told(state, { failed: { message: "step 2 is not finite", isUserError: true } });
    expect([failed.status, announcement(failed)]).toEqual(["failed", "Training ended: step 2 is not finite"]);
  });

  it("keeps a bounded film, its first and last moments among it, one for each step", () => {
    let film: Moment[] = [];
    for (let step = 0; step < 2000; step++) film = added(film, moment(step), MOMENTS);
    expect(film.length).toBeLessThanOrEqual(MOMENTS);
    expect(film.length).toBeGreaterThan(MOMENTS / 3);
    expect([film[0].step, film.at(-1)?.step]).toEqual([0, 1999]);
    const twice = added(film, { ...moment(1999), seconds: 5 }, MOMENTS);
    expect([twice.length, twice.at(-1)?.seconds]).toEqual([film.length, 5]);
  });

  it("shows the last moment at or before a step", () => {
    const state = { ...begun(defaultRecipe, "c"), moments: [0, 4, 9].map(moment) };
    expect([undefined, 0, 3, 4, 8, 99].map((step) => momentAt(state, step)?.step)).toEqual([
      9, 0, 0, 4, 4, 9,
    ]);
    expect([timeOf(59.4), timeOf(72)]).toEqual(["59 s", "1 min 12 s"]);
  });
});

describe("curves", () => {
  it("are one plot for each loss, and one of scores from 0 to 1", () => {
    const one = told(begun(defaultRecipe, "c"), { losses: lossesAt(1, 3) });
    const other = told(begun(ntpAlone, "d"), { losses: lossesAt(1, 2) });
    const [ntp, lll, scores] = curvesOf([one, other]);
    expect([ntp.title, lll.title]).toEqual(["NTP", "LLL"]);
    expect(ntp.series.map(({ name }) => name)).toEqual(["C", "D"]);
    expect(lll.series.map(({ name }) => name)).toEqual(["C"]);
    expect(scores.domain).toEqual([0, 1]);
  });

  it("are means of up to ten steps", () => {
    const points = Array.from({ length: 30 }, (_, i) => [i, i % 2] as const);
    expect(smoothed(points)[29]).toEqual([29, 0.5]);
    expect(smoothed(points)[0]).toEqual([0, 0]);
  });
});

describe("a saved folder", () => {
  it("is an archive of its files in one folder, with a card and a config that commands read", async () => {
    const state = told(begun(all, "c"), { losses: lossesAt(12, 1) });
    const files = savedFolder({ "config.json": new Uint8Array([123, 125]) }, state);
    const name = folderName(state);
    expect(name).toBe("ntp-lll-klal-from-ntp-12-steps");
    const back = unzipSync(await archiveOf(files, name));
    expect(Object.keys(back).sort()).toEqual(
      ["README.md", "config.json", "training.yaml"].map((file) => `${name}/${file}`),
    );
    expect(new TextDecoder().decode(back[`${name}/README.md`])).toContain(nameOf(state));
    const config = checkConfig(configOf(all, 12) as never);
    expect(config.data.names).toBe(8);
    expect(config.losses.klal?.weight).toBe(0.5);
  });
});
