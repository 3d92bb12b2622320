import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { armsOf } from "../../src/study/arms.ts";
import { type Plan, placesOf, runsOf } from "../../src/study/plan.ts";
import { recordsOf, runStudy } from "../../src/study/study.ts";
import { writeStudy } from "../../src/study/write.ts";
import { inTemporaryFolder, tinyConfig } from "../train/support.ts";

function planOf(list: string): Plan {
  const config = tinyConfig({ train: { steps: 4, checkpointEvery: 2, evalEvery: 0 } });
  const arms = armsOf(config, list).map(({ name, sets }) => ({ name, sets: [...sets] }));
  return { version: 1, arms, seeds: [1], scoreAt: [0, 3, 4], count: 6, sceneSeed: 7, folder: ".", config };
}

const study = (out: string, plan: Plan, more: Partial<Parameters<typeof runStudy>[0]> = {}) =>
  runStudy({ out, plan, command: "fovea ablate", ...more });

it("trains arms from one start on the same batches, goes on where it was stopped, and compares them", () =>
  inTemporaryFolder(async (folder) => {
    const [whole, out] = [join(folder, "whole"), join(folder, "parts")];
    const plan = planOf("ntp,ntp+lll");
    const stop = new AbortController();
    const onProgress = ({ done }: { done: number }) => done >= 3 && stop.abort("SIGINT");
    await expect(study(out, plan, { signal: stop.signal, onProgress })).rejects.toThrow(
      "ablate: stopped in ntp, seed 1; the same command goes on",
    );
    expect(await recordsOf(out, plan)).toEqual([]);
    await study(out, plan);
    const records = await recordsOf(out, plan);
    const [a, b] = records;
    expect(records.map(({ arm }) => arm)).toEqual(["ntp", "ntp+lll"]);
    expect(a.start.params).toMatch(/^[0-9a-f]{64}$/);
    expect(a.start.batches).toHaveLength(3);
    expect(b.start).toEqual(a.start);
    expect(a.points.map(({ step, pictures }) => [step, pictures])).toEqual([
      [0, 0],
      [3, 6],
      [4, 8],
    ]);
    expect(b.points[0].sums).toEqual(a.points[0].sums);

    // Never stopped, and one shard of two: the same scores.
    await study(whole, plan, { shard: { index: 1, count: 2 } });
    expect(await recordsOf(whole, plan)).toEqual([a]);

    const report = await writeStudy(out, plan, records);
    expect(report).toMatchObject({ runs: 2, missing: [], pictures: 6 });
    expect(await readFile(join(out, "index.html"), "utf8")).toContain("<fovea-lens");
    expect(await readFile(join(out, "report.md"), "utf8")).toContain("| pictures until | ntp | ntp+lll |");
    expect(await readFile(join(out, "curves.svg"), "utf8")).toContain("pictures seen");

    // What is finished is left alone.
    await rm(join(out, "runs"), { recursive: true });
    await study(out, plan);
    expect(existsSync(join(out, "runs"))).toBe(false);
    expect(runsOf(plan).every((run) => existsSync(placesOf(out, run).result))).toBe(true);
  }));
