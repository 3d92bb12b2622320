/**
 * node experiments/klal/score.ts RUN IMAGES FILE: asks the model of a run, and the untrained model that it started
 * from, held-out examples of its task, and writes what `table.ts` needs.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileWhole } from "../../src/common/files.ts";
import { refOf } from "../../src/data/example.ts";
import { type Evaluation, evaluate } from "../../src/eval/evaluate.ts";
import { scenesFor } from "../../src/eval/scenes.ts";
import { mean } from "../../src/eval/statistics.ts";
import { loadConfig } from "../../src/train/config/config.ts";
import { commitOf } from "../../src/train/report/card.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { withStart } from "../start.ts";

/** What a run came to. */
export interface Result {
  readonly commit: string;
  readonly steps: number;
  readonly questions: number;
  /** 1 for every question that was answered rightly, and the image that it was asked of. */
  readonly right: readonly number[];
  readonly images: readonly number[];
  /** Share of the attention over the image that lies on the evidence, by query and decoder layer, 0 to 1. */
  readonly onTarget: Readonly<Record<"predicting" | "last-answer", readonly number[]>>;
  /** The same before training. */
  readonly onTargetBefore: Readonly<Record<"predicting" | "last-answer", readonly number[]>>;
  /** Mean intersection over union of the logit lens with the masks of concepts; null where there are none. */
  readonly lensIou: number | null;
}

const [folder, images, file] = process.argv.slice(2);
const model = await openVlm(join(folder, "model"));
const examples = (await scenesFor(model, { count: Number(images), seed: 7 })).map(refOf);
const after = await evaluate(model, examples);
const config = await loadConfig({ file: join(folder, "config.yaml") });
const before = await withStart(config, async (start) =>
  evaluate(await openVlm(start), examples.slice(0, 256)),
);
const accuracy = after.measurements.find(
  ({ group, name }) => group === "accuracy" && name === "all questions",
);
const iou = after.measurements.find(({ group, name }) => group === "lens" && name === "iou");
const result: Result = {
  commit: commitOf(readFileSync(join(folder, "model", "README.md"), "utf8")) ?? "unknown",
  steps: config.train.steps,
  questions: after.counts.questions,
  right: accuracy?.values ?? [],
  images: accuracy?.images ?? [],
  onTarget: onTarget(after),
  onTargetBefore: onTarget(before),
  lensIou: iou === undefined ? null : mean(iou.values),
};
await writeFileWhole(file, `${JSON.stringify(result)}\n`);

function onTarget({ measurements, layers }: Evaluation): Result["onTarget"] {
  const of = (query: string) =>
    Array.from({ length: layers }, (_, l) => {
      const found = measurements.find(
        ({ group, name, layer }) =>
          group.startsWith("attention") &&
          group.includes(query) &&
          name === "mass on target" &&
          layer === l + 1,
      );
      return found === undefined ? 0 : round(mean(found.values.filter((value) => !Number.isNaN(value))));
    });
  return { predicting: of("predicts"), "last-answer": of("last answer") };
}

function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
