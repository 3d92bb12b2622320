import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { growthPoints, growthSvg } from "../../bench/growth.ts";
import { instructionsOf } from "../../bench/machine.ts";
import { median } from "../../bench/median.ts";
import { partsOf } from "../../bench/parts.ts";
import { pageOf, pages } from "../../bench/report.ts";
import { allResults, type PartResult } from "../../bench/results.ts";
import type { StepResult, StepRow } from "../../bench/step/measure.ts";
import { between, otherTables, stepDetails, stepTables } from "../../bench/tables.ts";

const row = (who: StepRow["who"], ms: number, peakMegabytes: number): StepRow => ({
  ...{
    who,
    ms,
    fastestMs: ms - 10,
    cpuMs: 2 * ms,
    startMs: 3000,
    peakMegabytes,
    stepPeakMegabytes: peakMegabytes,
  },
  ...{ share: 0.5, version: "2.13.0" },
});

function resultOf(cell: Pick<StepResult, "model" | "tokens">, who: readonly StepRow[]): PartResult {
  const result: StepResult = {
    ...{ ...cell, losses: "all", rows: 4, threads: 2, rounds: 5, gigaflop: 100, limitGigaflops: 400 },
    ...{ difference: { loss: 0, gradientNorm: 0, lastLoss: 0 }, who },
  };
  const machine = {
    processor: "A processor",
    cores: 2,
    instructions: "avx512",
    memoryGigabytes: 8,
    node: "v24",
  } as const;
  const part = `step-${cell.model}-${cell.tokens}`;
  return {
    part,
    machine,
    commit: "abc1234",
    command: "node bench/step/run.ts",
    seconds: 1,
    missing: [],
    result: { results: [result] },
  };
}

describe("the step's table", () => {
  const long = resultOf({ model: "135m", tokens: 512 }, [row("fovea", 12_000, 600), row("eager", 9000, 500)]);
  const short = resultOf({ model: "9m", tokens: 128 }, [
    ...[row("fovea", 400, 600), row("eager", 800, 500), row("compile", 640, 700)],
    ...[row("eager-mkl", 500, 1000), row("compile-mkl", 520, 900)],
  ]);
  const text = stepTables(new Map([["avx512", [long, short]]]));

  it("divides by the faster peer, by the one as installed where that is another, and sorts by size", () => {
    expect(text.split("\n").slice(-2)).toEqual([
      "| 9 M | 4 x 128 | 400 ms | 0.80 (eager 500 ms) | 0.63 (compile 640 ms) | 0.60 | 50 % |",
      "| 135 M | 4 x 512 | 12.0 s | 1.33 (eager 9000 ms) |  | 1.20 | 50 % |",
    ]);
  });

  it("names machine, versions and commit", () => {
    expect(text).toContain("AVX-512: A processor, 2 threads, Node v24, PyTorch 2.13.0, commit abc1234.");
  });

  it("has every candidate in its details", () => {
    expect(stepDetails(new Map([["avx2", [short]]])).split("\n")).toHaveLength(2 + 5);
  });

  it("draws Fovea and the faster peer for each cell", () => {
    const points = growthPoints([long, short]);
    expect(points.map(({ who, time }) => [who, Math.round(time)])).toEqual([
      ["Fovea", 781],
      ["PyTorch", 977],
      ["Fovea", 5859],
      ["PyTorch", 4395],
    ]);
    expect(growthSvg("avx512", points)).toMatch(/^<svg .*AVX-512 cores.*<\/svg>\n$/s);
  });
});

describe("other tables", () => {
  it("have the columns of their rows", () => {
    const result = {
      rows: [
        { who: "fovea", tokensPerSecond: 23.456, ended: true },
        { who: "peer", tokensPerSecond: 1234.5 },
      ],
    };
    const part = { ...resultOf({ model: "9m", tokens: 128 }, []), part: "generate", result };
    expect(
      otherTables(new Map([["avx512", [part]]]))
        .split("\n")
        .slice(-4),
    ).toEqual([
      "| who | tokens per second | ended |",
      "| --- | --- | --- |",
      "| fovea | 23.5 | yes |",
      "| peer | 1235 |  |",
    ]);
  });
});

describe("pages", () => {
  it.each(Object.keys(pages) as (keyof typeof pages)[])("%s has what the results give", (name) => {
    expect(readFileSync(name, "utf8")).toBe(pageOf(name));
  });

  it("keep what is around a table, and say where its marks are missing", () => {
    expect(between("a\n<!-- x -->\nold\n<!-- /x -->\nb", "x", "new")).toBe(
      "a\n<!-- x -->\n\nnew\n\n<!-- /x -->\nb",
    );
    expect(() => between("a", "x", "new")).toThrow("<!-- x -->");
  });

  it("are made from results that lie under their own instruction set", () => {
    for (const [instructions, parts] of allResults())
      for (const { machine, commit } of parts) {
        expect(machine.instructions).toBe(instructions);
        expect(commit).toMatch(/^[0-9a-f]{7,}$/);
      }
  });
});

describe("the parts of a run", () => {
  it("ask for peers that are there", () => {
    const alone = ["compile", "page"]; // Fovea against itself.
    const peersOf = (python: boolean, mkl: boolean) =>
      partsOf({ python, mkl }, false)
        .filter(({ name }) => !alone.includes(name))
        .flatMap(({ args }) => args[args.indexOf("--peers") + 1].split(","))
        .filter((name) => name !== "");
    expect(new Set(peersOf(false, false))).toEqual(new Set(["fovea"]));
    expect(peersOf(true, false)).not.toContain("eager-mkl");
    expect(peersOf(true, true)).toContain("compile-mkl");
  });

  it("are few when they shall be quick", () => {
    expect(partsOf({ python: true, mkl: false }, true).map(({ name }) => name)).toEqual([
      "step-2m-512",
      "step-9m-512",
    ]);
  });
});

describe("small things", () => {
  it("tell the widest vectors", () => {
    expect(instructionsOf(new Set(["avx2", "avx512f"]), "x64")).toBe("avx512");
    expect(instructionsOf(new Set(["avx2"]), "x64")).toBe("avx2");
    expect(instructionsOf(new Set(), "arm64")).toBe("neon");
  });

  it("take the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });
});
