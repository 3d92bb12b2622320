import { readFileSync } from "node:fs";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { wilsonInterval } from "../../src/eval/statistics.ts";
import { scoreLines } from "../../src/harness/score/lines.ts";
import { readRunFolder } from "../../src/harness/score/read.ts";
import { scoreRun } from "../../src/harness/score/scores.ts";
import { writeScores } from "../../src/harness/score/write.ts";
import { item, label, runOf, temporaryFolder, unparsable, writeRun, yesNo } from "./runs.ts";

const reference = JSON.parse(
  readFileSync(new URL("../fixtures/harness-score/values.json", import.meta.url), "utf8"),
);

/** Six items: right, wrong, unparsable, right, unanswered, right. */
function smallRun() {
  const items = Array.from({ length: 6 }, (_, i) => item(i));
  const answers = [
    { ...label(items[0], "A"), inputTokens: 10, outputTokens: 2 },
    label(items[1], "B"),
    unparsable(items[2], "hm"),
    label(items[3], "a"),
    label(items[5], "A"),
  ];
  return runOf(items, answers);
}

test("accuracy counts unparsable and unanswered as wrong, and shows them", async () => {
  const { all } = scoreRun(smallRun());
  expect(all).toEqual({
    items: 6,
    outcomes: { right: 3, wrong: 1, unparsable: 1, unanswered: 1 },
    accuracy: { value: 0.5, count: 6, ...wilsonInterval(3, 6) },
  });
});

test("every axis of difficulty is cut into its values, numbers in their order", async () => {
  const { tasks } = scoreRun(smallRun());
  const [crossings, family] = tasks[0].axes;
  expect(crossings).toMatchObject({ axis: "crossings", numeric: true });
  // Crossings 0: items 0 and 3, 1: items 1 and 4, 2: items 2 and 5.
  expect(crossings.strata.map(({ value, accuracy }) => [value, accuracy.count, accuracy.value])).toEqual([
    [0, 2, 1],
    [1, 2, 0],
    [2, 2, 0.5],
  ]);
  expect(family.strata.map(({ label: name, accuracy }) => [name, accuracy.value])).toEqual([
    ["arcs", 2 / 3],
    ["smooth", 1 / 3],
  ]);
});

test("an axis of many numbers is cut into spans that lose no item and keep equal numbers together", async () => {
  const items = Array.from({ length: 100 }, (_, i) => item(i, { difficulty: { width: Math.floor(i / 3) } }));
  const { tasks } = scoreRun(
    runOf(
      items,
      items.map((one) => label(one, "A")),
    ),
  );
  const { strata } = tasks[0].axes[0];
  expect(strata.length).toBe(8);
  expect(strata.reduce((sum, { accuracy }) => sum + accuracy.count, 0)).toBe(100);
  const ends = strata.map(({ label: name }) => name.split(" to ").map(Number));
  for (let i = 1; i < ends.length; i++) expect(ends[i][0]).toBeGreaterThan(ends[i - 1].at(-1) as number);
});

test("yes-no metrics equal scikit-learn's, by split", async () => {
  const { truth, said, accuracy, precision, recall, f1, yesShare } = reference.yesNo;
  const word = (value: number) => (value === 1 ? "yes" : "no");
  const items = truth.map((value: number, i: number) =>
    item(i, { task: "pope-random", answerType: "yes-no", answer: word(value) }),
  );
  const other = item(999, { task: "pope-popular", answerType: "yes-no", answer: "no" });
  const answers = items.map((one: typeof other, i: number) => yesNo(one, word(said[i])));
  const { tasks } = scoreRun(runOf([...items, other], [...answers, yesNo(other, "no")]));
  expect(tasks.map(({ task }) => task)).toEqual(["pope-random", "pope-popular"]);
  const { yesNo: scores } = tasks[0];
  expect(scores?.accuracy.value).toBeCloseTo(accuracy, 12);
  expect(scores?.precision.value).toBeCloseTo(precision, 12);
  expect(scores?.recall.value).toBeCloseTo(recall, 12);
  expect(scores?.f1.value).toBeCloseTo(f1, 12);
  expect(scores?.yesShare.value).toBeCloseTo(yesShare, 12);
  expect(scores?.f1.low).toBeLessThan(f1);
  expect(scores?.f1.high).toBeGreaterThan(f1);
});

test("an answer that is neither yes nor no misses a yes and is no yes", async () => {
  const items = [0, 1].map((i) => item(i, { answerType: "yes-no", answer: "yes" }));
  const { tasks } = scoreRun(runOf(items, [yesNo(items[0], "yes"), unparsable(items[1], "maybe")]));
  const { yesNo: scores } = tasks[0];
  expect(scores).toMatchObject({ recall: { value: 0.5 }, precision: { value: 1 }, yesShare: { value: 0.5 } });
  expect(scores?.f1.value).toBeCloseTo(2 / 3, 12);
});

test("boxes and points have their own means", async () => {
  const box = item(0, {
    task: "referring",
    answerType: "box",
    regions: [{ kind: "box", box: [0, 0, 10, 10] }],
  });
  const points = item(1, {
    task: "pointing",
    answerType: "points",
    regions: [{ kind: "box", box: [0, 0, 5, 5] }, { kind: "box", box: [10, 0, 15, 5] }], // biome-ignore format: one line
  });
  const { tasks } = scoreRun(
    runOf(
      [box, points],
      [
        { id: box.id, text: "", parsed: { type: "box", box: [0, 0, 10, 4] } },
        { id: points.id, text: "", parsed: { type: "points", points: [[1, 1], [2, 2], [11, 1]] } }, // biome-ignore format: one line
      ],
    ),
  );
  expect(tasks[0].box).toMatchObject({ accuracy: { value: 0 }, meanIou: { value: 0.4 } });
  expect(tasks[1].points).toMatchObject({ recall: { value: 1 }, f1: { value: 0.8 } });
  expect(tasks[1].points?.precision.value).toBeCloseTo(2 / 3, 12);
});

test("baselines are scored over the same items, by task and axis", async () => {
  const run = smallRun();
  const answers = run.items.map((one) => label(one, "A"));
  const { baselines } = scoreRun(run, { baselines: [{ name: "majority", answers }] });
  expect(baselines[0]).toMatchObject({ name: "majority", accuracy: { value: 1, count: 6 } });
  expect(baselines[0].tasks[0].axes[0].strata.map(({ accuracy }) => accuracy.value)).toEqual([1, 1, 1]);
});

test("a run folder is read back, half a last answer left out, and scores.json is what scoreRun gives", async () => {
  const folder = await writeRun(await temporaryFolder(), smallRun());
  const written = await writeScores(folder);
  const file = JSON.parse(await readFile(join(folder, "scores.json"), "utf8"));
  expect(file).toEqual(JSON.parse(JSON.stringify(written)));
  expect(written.tokens).toEqual({ input: 10, output: 2 });
  await appendFile(join(folder, "answers.jsonl"), '{"id":"4/0","te');
  expect((await readRunFolder(folder)).answers.length).toBe(5);
});

test("mistakes in a run folder are told with file, line and field", async () => {
  const folder = await writeRun(await temporaryFolder(), smallRun());
  await expect(readRunFolder(`${folder}-gone`)).rejects.toThrow(/run\.json cannot be read/);
  await appendFile(join(folder, "answers.jsonl"), '{"id":"4/0","text":3,"parsed":null}\n');
  await expect(readRunFolder(folder)).rejects.toThrow(/answers\.jsonl, line 6: text: /);
  await writeFile(join(folder, "answers.jsonl"), "{\n");
  await expect(readRunFolder(folder)).rejects.toThrow(/answers\.jsonl, line 1: must be JSON/);
});

test("the scores as text", async () => {
  const run = smallRun();
  const answers = run.items.map((one) => label(one, "B"));
  const scores = scoreRun(run, { baselines: [{ name: "random", answers }] });
  expect(scoreLines(scores)).toMatchInlineSnapshot(`
    [
      "checkpoints/a on data: 6 items; 95 % intervals",
      "",
      "accuracy      items             this run  unparsable  unanswered             random",
      "line-tracing      6  50.0 % [18.8, 81.2]           1           1  0.0 % [0.0, 39.0]",
      "",
      "line-tracing by crossings  items               accuracy",
      "  0                            2  100.0 % [34.2, 100.0]",
      "  1                            2      0.0 % [0.0, 65.8]",
      "  2                            2     50.0 % [9.5, 90.5]",
      "",
      "line-tracing by family  items             accuracy",
      "  arcs                      3  66.7 % [20.8, 93.9]",
      "  smooth                    3   33.3 % [6.1, 79.2]",
      "",
      "tokens: 10 in, 2 out",
    ]
  `);
});
