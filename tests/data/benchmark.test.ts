import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { benchmarkOf, frozenHashes } from "../../src/data/imagefolder/benchmark.ts";
import { makeData } from "../../src/data/imagefolder/make.ts";
import { drawnTaskNames } from "../../src/data/tasks/drawn-registry.ts";
import { benchmarkTaskNames } from "../../src/data/tasks/world.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-benchmark-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("frozen benchmarks", () => {
  it("exist for every task, each with its own hash", () => {
    const names = benchmarkTaskNames.map((task) => benchmarkOf(task).name);
    expect(Object.keys(frozenHashes).sort()).toEqual([...names].sort());
    expect(new Set(Object.values(frozenHashes)).size).toBe(names.length);
    expect(() => benchmarkOf("chess")).toThrow(/benchmark: task must be one of .*, got "chess"/);
  });

  // One of the scenes stands for all: their pictures come from the same packages by the same composer.
  it.each([...drawnTaskNames, "grid-patch"])(
    "%s has the bytes that it was frozen with",
    async (task) => {
      const { name, recipe, hash } = benchmarkOf(task);
      const made = await makeData(recipe, join(folder, name), { workers: 2 });
      expect(made.hash).toBe(hash);
      await rm(made.folder, { recursive: true });
    },
    300_000,
  );

  it("of line tracing has 2,000 items", () => {
    expect(benchmarkOf("line-tracing").recipe.count).toBe(2000);
  });
});
