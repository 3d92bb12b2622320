import { describe, expect, it } from "vitest";
import { compareArms, mustBeginAlike } from "../../src/study/compare.ts";
import { evenlySpaced, joinedPlan, logSpaced, type Plan, shardOf } from "../../src/study/plan.ts";
import { reportOf } from "../../src/study/report.ts";
import { reportLines } from "../../src/study/table.ts";
import { tinyConfig } from "../train/support.ts";
import { record } from "./records.ts";

const arm = (name: string, sets: readonly string[] = []) => ({ name, sets: [...sets] });
const plan: Plan = {
  version: 1,
  arms: [arm("ntp", ["losses.ntp.weight=1"]), arm("ntp+lll")],
  seeds: [1, 2],
  scoreAt: [0, 100],
  count: 4,
  sceneSeed: 7,
  folder: ".",
  config: tinyConfig(),
};
const records = [
  record("ntp", 1, { 0: 0, 1000: 1 }),
  record("ntp+lll", 1, { 0: 0, 1000: 4 }),
  record("ntp+lll", 2, { 0: 0, 1000: 3 }),
];

describe("arms against each other", () => {
  it("are means over seeds, with differences on the questions of the seeds that both have", () => {
    const [naming] = compareArms(records, ["ntp", "ntp+lll"]);
    expect(naming.key).toBe("accuracy/naming");
    expect(naming.estimates.map(({ value, count }) => [value, count])).toEqual([
      [0.25, 4],
      [0.875, 8],
    ]);
    expect(naming.ranges).toEqual([
      [0.25, 0.25],
      [0.75, 1],
    ]);
    expect(naming.differences[1]).toMatchObject({ value: 0.75, count: 4 });
  });

  it("are refused where they did not begin alike", () => {
    const [a, b] = records;
    expect(() => mustBeginAlike(records)).not.toThrow();
    const other = { ...b, start: { ...b.start, batches: ["a", "c"] } };
    expect(() => mustBeginAlike([a, other])).toThrow(
      /arms ntp and ntp\+lll of seed 1 did not begin with the same parameters and batches/,
    );
  });

  it("are told with what is missing", () => {
    const lines = reportLines(reportOf(plan, records)).join("\n");
    expect(lines).toContain("Not there yet: ntp, seed 2.");
    expect(lines).toMatch(/naming {2,}25\.0 \[0\.0, 75\.0\] {2,}87\.5/);
    expect(lines).toMatch(/naming 90 % +not within 1,000 pictures +in 1 of 2 seeds within 1,000 pictures/);
  });
});

describe("a plan", () => {
  it("may grow by arms and seeds, and change in nothing else", () => {
    const now = { ...plan, seeds: [2, 3] };
    expect(joinedPlan(plan, now, "out").seeds).toEqual([1, 2, 3]);
    expect(() => joinedPlan(plan, { ...now, count: 9 }, "out")).toThrow(
      /those of the study in out: count is 4 there, got 9/,
    );
    const other = { ...now, arms: [arm("ntp", ["losses.ntp.weight=2"])] };
    expect(() => joinedPlan(plan, other, "out")).toThrow(/arm ntp must be that of the study/);
  });

  it("scores at steps apart by logarithm or evenly, and at the end", () => {
    expect(logSpaced(2000)).toEqual([0, 20, 50, 100, 200, 500, 1000, 2000]);
    expect(logSpaced(4)).toEqual([0, 4]);
    expect(evenlySpaced(10, 4)).toEqual([0, 4, 8, 10]);
  });

  it("is shared among shards run by run", () => {
    expect(shardOf([1, 2, 3, 4, 5], { index: 2, count: 3 })).toEqual([2, 5]);
  });
});
