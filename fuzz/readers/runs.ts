import { join } from "node:path";
import { makeLeaderboard, writeLeaderboard } from "../../src/harness/leaderboard/write.ts";
import type { AnswerRecord, ItemRecord, RunRecord } from "../../src/harness/record.ts";
import { writeReport } from "../../src/harness/report/write.ts";
import { openRunFolder } from "../../src/harness/run/folder.ts";
import { compareRuns } from "../../src/harness/score/compare.ts";
import { readRunFolder } from "../../src/harness/score/read.ts";
import { scoreRun } from "../../src/harness/score/scores.ts";
import { writeScores } from "../../src/harness/score/write.ts";
import type { Files, Reader, Seed } from "../reader.ts";
import { below, fixture, json, lines } from "./files.ts";

const run: RunRecord = {
  version: 1,
  model: "openai:gpt-5",
  family: "openai",
  data: "../data",
  dataHash: "d".repeat(64),
  promptHash: "p".repeat(64),
  items: 5,
  seed: 0,
  temperature: 0,
};

const item = (id: string, more: Partial<ItemRecord>): ItemRecord => ({
  id: `${id}/0`,
  task: "line-tracing",
  image: "images/a.png",
  width: 20,
  height: 10,
  question: "which end ?",
  answer: "A",
  answerType: "label",
  choices: ["A", "B"],
  regions: [],
  difficulty: { crossings: 3, kind: "smooth" },
  ...more,
});

const mask = { kind: "mask", size: [10, 20], counts: [50, 10, 140] } as const;
const items = [
  item("a", {
    regions: [
      {
        kind: "polyline",
        points: [
          [1, 1],
          [18, 8],
        ],
      },
    ],
  }),
  item("b", { task: "presence", answer: "yes", answerType: "yes-no" }),
  item("c", { task: "counting", answer: "7", answerType: "number" }),
  item("d", {
    task: "pointing",
    answer: "",
    answerType: "points",
    regions: [{ kind: "points", points: [[3, 4]] }],
  }),
  item("e", {
    task: "referring",
    answer: "",
    answerType: "box",
    regions: [{ kind: "box", box: [1, 1, 9, 9] }, mask],
  }),
];

const answers: readonly AnswerRecord[] = [
  { id: "a/0", text: "B.", parsed: { type: "label", value: "B" }, inputTokens: 30, outputTokens: 2 },
  { id: "b/0", text: "Yes", parsed: { type: "yes-no", value: "yes" } },
  { id: "c/0", text: "many", parsed: null, problem: "no number" },
  { id: "d/0", text: "(3, 4)", parsed: { type: "points", points: [[3, 4]] } },
  { id: "e/0", text: "[1,1,9,9]", parsed: { type: "box", box: [1, 1, 9, 9] } },
];

const pictures = below("data/images", { "a.png": fixture("pictures/rgb.png") });

/** A run folder as `fovea eval` leaves it, with its data beside it. */
function runFiles(folder: string, model: string): Files {
  return below(folder, {
    "run.json": json({ ...run, model }),
    "items.jsonl": lines(items),
    "answers.jsonl": lines(answers),
    "prompts.json": json({ family: "openai", templates: {} }),
  });
}

const one = async (): Promise<readonly Seed[]> => [
  { files: { ...runFiles("run", "openai:gpt-5"), ...pictures }, kept: Object.keys(pictures) },
];
const two = async (): Promise<readonly Seed[]> => {
  const sound = runFiles("other", "blind");
  const kept = [...Object.keys(pictures), ...Object.keys(sound)];
  return [{ files: { ...runFiles("run", "openai:gpt-5"), ...sound, ...pictures }, kept }];
};

export const runReaders: Record<string, Reader> = {
  "eval-run": {
    seeds: one,
    read: ({ folder }) => writeScores(join(folder, "run")),
  },
  "eval-resume": {
    seeds: one,
    async read({ folder }) {
      const { data: _, ...rest } = run;
      const plan = { run: { ...rest, data: "../data" }, items, notices: [], prompts: "{}\n" };
      const open = await openRunFolder(join(folder, "run"), plan);
      await open.close();
    },
  },
  "eval-report": {
    share: 0.5,
    seeds: one,
    async read({ folder, out }) {
      const path = join(folder, "run");
      const read = await readRunFolder(path);
      const page = { data: "data", names: ["a"], models: [read.run.model], scores: [scoreRun(read)] };
      await writeReport(join(out, "report.html"), { ...page, runs: [{ ...read, folder: path }], seed: 0 });
    },
  },
  compare: {
    seeds: two,
    read: ({ folder }) => compareRuns(join(folder, "run"), join(folder, "other")),
  },
  leaderboard: {
    share: 0.2,
    seeds: two,
    async read({ folder, out }) {
      const board = await makeLeaderboard([join(folder, "run"), join(folder, "other")]);
      await writeLeaderboard(join(out, "board"), board);
    },
  },
};
