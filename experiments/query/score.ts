/** node experiments/query/score.ts RUN FOLDER FILE: asks the model of a run the questions of a folder. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileWhole } from "../../src/common/files.ts";
import { readExampleRefs } from "../../src/data/imagefolder/read.ts";
import { evaluate } from "../../src/eval/evaluate.ts";
import { mean } from "../../src/eval/statistics.ts";
import { commitOf } from "../../src/train/report/card.ts";
import { readMetrics } from "../../src/train/report/metrics.ts";
import { openVlm } from "../../src/vlm/open.ts";

/** What a run came to. */
export interface Result {
  readonly commit: string;
  /** By task: 1 for every question that was answered rightly. */
  readonly right: Readonly<Record<string, readonly number[]>>;
  /** Next-token loss on the held-out folder at the end of the run. */
  readonly heldOutNtp: number;
  /** Share of the attention over the image that lies on the evidence in the last layer, by query. */
  readonly onTarget: Readonly<Record<string, number>>;
}

const [run, folder, file] = process.argv.slice(2);
const { measurements, layers } = await evaluate(
  await openVlm(join(run, "model")),
  await readExampleRefs(folder),
);
const accuracy = measurements.filter(({ group, name }) => group === "accuracy" && name !== "all questions");
const attention = measurements.filter(({ name, layer }) => name === "mass on target" && layer === layers);
const evaluation = (await readMetrics(join(run, "metrics.jsonl"))).findLast(({ kind }) => kind === "eval");
const result: Result = {
  commit: commitOf(readFileSync(join(run, "model", "README.md"), "utf8")) ?? "unknown",
  right: Object.fromEntries(accuracy.map(({ name, values }) => [name, values])),
  heldOutNtp: evaluation?.parts.ntp ?? Number.NaN,
  onTarget: Object.fromEntries(attention.map(({ group, values }) => [group, known(values)])),
};
await writeFileWhole(file, `${JSON.stringify(result)}\n`);

function known(values: readonly number[]): number {
  return mean(values.filter((value) => !Number.isNaN(value)));
}
