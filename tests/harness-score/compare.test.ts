import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { compareRuns, comparisonLines } from "../../src/harness/score/compare.ts";
import { item, label, runOf, temporaryFolder, writeRun } from "./runs.ts";

const items = Array.from({ length: 15 }, (_, i) => item(i, { task: i < 10 ? "line-tracing" : "counting" }));
/** The first `right` of some items right, the rest wrong. */
const answered = (all: typeof items, isRight: (i: number) => boolean) =>
  all.map((one, i) => label(one, isRight(i) ? "A" : "B"));

const a = runOf(items, answered(items, (i) => i < 12), { model: "a" }); // biome-ignore format: one line
const b = runOf(items, answered(items, (i) => i >= 9), { model: "b" }); // biome-ignore format: one line

test("two runs are compared on what each alone got right", async () => {
  const { all, tasks, notShared } = await compareRuns(a, b);
  expect(notShared).toBe(0);
  // 9 only a, 3 only b: SciPy, binomtest(3, 12).pvalue = 0.1459960938.
  expect(all.mcNemar).toMatchObject({ bothRight: 3, onlyA: 9, onlyB: 3, bothWrong: 0 });
  expect(all.mcNemar.p).toBeCloseTo(0.1459960938, 9);
  expect(all.difference).toMatchObject({ value: 0.4, count: 15 });
  expect(all.difference.low).toBeLessThan(0.4);
  expect(tasks.map(({ task, items: count }) => [task, count])).toEqual([
    ["line-tracing", 10],
    ["counting", 5],
  ]);
});

test("items that only one run has, or that differ, are left out and counted", async () => {
  const changed = items.slice(1).map((one, i) => (i === 0 ? { ...one, question: "another ?" } : one));
  const { all, notShared } = await compareRuns(
    a,
    runOf(
      changed,
      answered(changed, () => true),
    ),
  );
  expect(all.items).toBe(13);
  expect(notShared).toBe(3);
});

test("runs without a shared item are refused", async () => {
  const others = [item(99)];
  await expect(
    compareRuns(
      a,
      runOf(
        others,
        answered(others, () => true),
      ),
    ),
  ).rejects.toThrow("compare: a and checkpoints/a share no item; both runs must be over the same data");
});

test("the order of the answers and of the items does not matter", async () => {
  const turned = runOf([...b.items].reverse(), [...b.answers].reverse(), { model: "b" });
  expect((await compareRuns(a, turned)).all).toEqual((await compareRuns(a, b)).all);
});

test("the comparison as text", async () => {
  expect(comparisonLines(await compareRuns(a, b))).toMatchInlineSnapshot(`
    [
      "15 shared items, 95 % intervals",
      "A = a",
      "B = b",
      "",
      "accuracy      items                      A                      B                    A - B  only A right  only B right  p (McNemar, exact)",
      "line-tracing     10  100.0 % [72.2, 100.0]     10.0 % [1.8, 40.4]    +90.0 % [70.0, 100.0]             9             0              0.0039",
      "counting          5    40.0 % [11.8, 76.9]  100.0 % [56.6, 100.0]  -60.0 % [-100.0, -20.0]             0             3                0.25",
      "all              15    80.0 % [54.8, 93.0]    40.0 % [19.8, 64.3]      +40.0 % [0.0, 80.0]             9             3                0.15",
    ]
  `);
});

test("fovea compare prints one JSON object, and its mistakes as one line", async () => {
  const folder = await temporaryFolder();
  const folders = [await writeRun(`${folder}/a`, a), await writeRun(`${folder}/b`, b)];
  const fovea = (...args: string[]) => promisify(execFile)(process.execPath, ["src/cli/main.ts", ...args]);
  const { stdout } = await fovea("compare", ...folders, "--json");
  expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(await compareRuns(a, b))));
  const failed = await fovea("compare", folders[0]).catch((error) => error);
  expect(failed).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^fovea: compare: RUN_B must be given.*\n$/),
  });
});
