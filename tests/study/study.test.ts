import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { armsOf } from "../../src/study/arms.ts";
import { type Plan, placesOf, runsOf } from "../../src/study/plan.ts";
import { reportOf } from "../../src/study/report.ts";
import { recordsOf, runStudy } from "../../src/study/study.ts";
import { reportLines } from "../../src/study/table.ts";
import { writeStudy } from "../../src/study/write.ts";
import { inTemporaryFolder, tinyConfig } from "../train/support.ts";

function planOf(list: string, steps = 4): Plan {
  const config = tinyConfig({ train: { steps, checkpointEvery: 2, evalEvery: 0 } });
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

it("measures what arms left of the language of the model that they began from, on each text", () =>
  inTemporaryFolder(async (folder) => {
    const first = { ...planOf("ntp", 1), scoreAt: [1], count: 1 };
    await study(join(folder, "first"), first);
    const from = placesOf(join(folder, "first"), runsOf(first)[0]).model;
    const plan = {
      ...planOf("ntp,ntp+lll", 1),
      scoreAt: [1],
      count: 1,
      language: true,
      config: { ...first.config, model: { ...(first.config.model as object), from } },
    };
    const out = join(folder, "out");
    await study(out, plan);
    const records = await recordsOf(out, plan);
    for (const { language } of records) {
      expect(language?.kl).toHaveLength(24);
      expect(language?.before).toEqual(records[0].language?.before);
      expect(language?.after).not.toEqual(language?.before);
    }
    const { language } = reportOf(plan, records);
    const [{ tokens, kl, before, after }] = records.flatMap((record) => record.language ?? []);
    const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
    expect(language[0]?.kl.value).toBeCloseTo(total(kl) / total(tokens), 9);
    const logRatio = (total(after) - total(before)) / total(tokens);
    expect(language[0]?.perplexityRatio.value).toBeCloseTo(Math.exp(logRatio), 9);
    expect(reportLines(reportOf(plan, records)).join("\n")).toMatch(/perplexity, times +\d/);
  }));
