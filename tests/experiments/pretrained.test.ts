/** The plan of the study on a pretrained language model: its settings are valid, and say what the study claims. */
import { expect, it } from "vitest";
import {
  armSets,
  arms,
  base,
  captions,
  lengths,
  runs,
  tasks,
  wayNames,
  ways,
} from "../../experiments/pretrained/plan.ts";
import { chosenLosses } from "../../src/losses/total.ts";
import { armsOf } from "../../src/study/arms.ts";
import { loadConfig, withOverrides } from "../../src/train/config/config.ts";

const lossesOf = async (preset: string, sets: readonly string[]) =>
  chosenLosses((await loadConfig({ preset }, sets)).losses).map(({ name }) => name);

it("the tower and the base have seen neither loss", async () => {
  expect(await lossesOf("tower", [])).toEqual(["contrastive"]);
  expect(await lossesOf(captions.preset, captions.sets)).toEqual(["ntp"]);
  expect(await lossesOf(base.preset, base.sets)).toEqual(["ntp"]);
});

it("tower, stages and arms draw from the same words and drawings, in other streams of scenes", async () => {
  const configs = await Promise.all([
    loadConfig({ preset: "tower" }),
    loadConfig({ preset: captions.preset }, captions.sets),
    loadConfig({ preset: base.preset }, base.sets),
    ...wayNames.map((way) => loadConfig({ preset: ways[way].preset }, [...armSets, ...ways[way].sets])),
  ]);
  expect(new Set(configs.map(({ data }) => `${data.names} ${data.cutouts}`)).size).toBe(1);
  expect(new Set(configs.slice(0, 3).map(({ data }) => data.seed)).size).toBe(3);
  expect(configs.every(({ train }) => train.freeze.includes("vision") || train.freeze.length === 0)).toBe(
    true,
  );
});

it.each(wayNames)("%s: the arms are the four of the losses, and differ in nothing else", async (way) => {
  const config = await loadConfig({ preset: ways[way].preset }, [...armSets, ...ways[way].sets]);
  const made = armsOf(config, arms, []).map((arm) => withOverrides(config, arm.sets, arm.name));
  expect(made.map(({ losses }) => chosenLosses(losses).map(({ name }) => name))).toEqual([
    ["ntp"],
    ["ntp", "lll"],
    ["ntp", "klal"],
    ["ntp", "lll", "klal"],
  ]);
  expect(new Set(made.map(({ losses: _, ...rest }) => JSON.stringify(rest))).size).toBe(1);
  expect(config.data.tasks).toEqual(tasks);
});

it("begins with whole comparisons, and can be tried as a whole in little", () => {
  expect(runs.slice(0, 4).map(({ seed }) => seed)).toEqual([1, 1, 1, 1]);
  expect(runs).toHaveLength(12);
  for (const name of Object.keys(lengths.full) as (keyof typeof lengths.full)[])
    expect(lengths.tiny[name], name).toBeLessThan(lengths.full[name]);
});
