/** What a run came to: its scores by picture at some steps, in a JSON file small enough to be kept beside a study. */
import { z } from "zod";
import { UserError } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import { readIfThere } from "../common/inside.ts";
import { parseJson } from "../common/json.ts";
import type { Evaluation } from "../eval/evaluate.ts";
import { queryNames } from "../eval/maps.ts";
import type { Measurement } from "../eval/measurement.ts";
import { mean } from "../eval/statistics.ts";
import { learntSuffix } from "../eval/thresholds.ts";

const numbers = z.array(z.number());
const byText = numbers.readonly();
const pointSchema = z.object({
  step: z.int().min(0),
  /** Seen in training so far, repeats included. */
  pictures: z.int().min(0),
  questions: z.int().min(0),
  /** By metric: its sum over the items of each picture. */
  sums: z.record(z.string(), numbers),
  /** By metric and decoder layer: the mean over all items. */
  layers: z.record(z.string(), numbers),
});

/** Hashes of what there was before the first step, and of the first batches: the arms of a seed share them. */
export const startSchema = z.object({ params: z.string(), batches: z.array(z.string()) });

const recordSchema = z.object({
  version: z.literal(1),
  arm: z.string(),
  seed: z.int().min(0),
  commit: z.string(),
  machine: z.string(),
  steps: z.int().min(0),
  start: startSchema,
  /** By metric: its items of each picture; the same at every step. */
  counts: z.record(z.string(), numbers),
  points: z.array(pointSchema).min(1),
  /** Of each text, against the model before training: tokens, nats of both, Σ KL. */
  language: z.object({ tokens: byText, before: byText, after: byText, kl: byText }).optional(),
});

/** Scores after some steps. */
export type Point = z.infer<typeof pointSchema>;
/** A finished run, or what is there of one. */
export type RunRecord = z.infer<typeof recordSchema>;

/** A metric in words, by its key in a record. */
export function labelOf(key: string): string {
  const [group, name] = key.split("/");
  if (group === "attention") return "attention on target";
  return group === "lens" ? `lens ${name.replace("iou", "IoU")}` : name;
}

/** The metrics of an evaluation that a study keeps, by key. */
function keptMetrics({ measurements, layers }: Evaluation): [string, Measurement][] {
  return measurements.flatMap((measurement): [string, Measurement][] => {
    const { group, name, layer } = measurement;
    if (group === "accuracy") return [[`accuracy/${name}`, measurement]];
    if (
      group === "lens" &&
      (lensMetrics.includes(name) || (name === "average precision" && layer === layers))
    )
      return [[`lens/${name}`, measurement]];
    const isAttention = group === attention && name === "mass on target" && layer === layers;
    return isAttention ? [["attention/mass on target", measurement]] : [];
  });
}

const lensMetrics = ["iou", "best iou", "pointing game", "presence", `presence${learntSuffix}`];
const attention = `attention of the ${queryNames.predicting}`;

const round = (value: number) => Math.round(value * 1e3) / 1e3;

/** Sums and counts by picture. Items without an answer to the metric (NaN) do not count. */
export function byPicture({ values, images }: Pick<Measurement, "values" | "images">, pictures: number) {
  const [sums, counts] = [new Array<number>(pictures).fill(0), new Array<number>(pictures).fill(0)];
  for (const [i, value] of values.entries()) {
    if (Number.isNaN(value)) continue;
    sums[images[i]] += value;
    counts[images[i]]++;
  }
  return { sums: sums.map(round), counts };
}

/** What is kept of an evaluation after `step` steps. */
export function pointOf(evaluation: Evaluation, step: number, pictures: number) {
  const { images, questions } = evaluation.counts;
  const kept = keptMetrics(evaluation).map(([key, found]) => [key, byPicture(found, images)] as const);
  return {
    point: {
      step,
      pictures,
      questions,
      sums: Object.fromEntries(kept.map(([key, { sums }]) => [key, sums])),
      layers: layerMeans(evaluation),
    },
    counts: Object.fromEntries(kept.map(([key, { counts }]) => [key, counts])),
  };
}

/** Lens average precision and attention on target from layer to layer. */
function layerMeans({ measurements }: Evaluation): Record<string, number[]> {
  const layered = {
    "lens/average precision": ["lens", "average precision"],
    "attention/mass on target": [attention, "mass on target"],
  };
  const entries = Object.entries(layered).map(([key, [group, name]]) => {
    const found = measurements.filter(
      (one) => one.group === group && one.name === name && one.layer !== undefined,
    );
    found.sort((a, b) => (a.layer as number) - (b.layer as number));
    return [
      key,
      found.map(({ values }) => round(mean(values.filter((value) => !Number.isNaN(value))))),
    ] as const;
  });
  return Object.fromEntries(entries.map(([key, means]) => [key, means.filter(Number.isFinite)]));
}

/** Undefined where there is none. @throws UserError when the file is damaged */
export async function readRecord(path: string): Promise<RunRecord | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const checked = recordSchema.safeParse(parseJson(text, path));
  if (checked.success) return checked.data;
  const [{ path: field, message }] = checked.error.issues;
  throw new UserError(`${path}: ${field.join(".") || "content"}: ${message}`);
}

/** A line for each point, so that a step more is a line more. */
export async function writeRecord(path: string, { points, ...head }: RunRecord): Promise<void> {
  const lines = points.map((point) => JSON.stringify(point)).join(",\n");
  await writeFileWhole(path, `${JSON.stringify(head).slice(0, -1)},"points":[\n${lines}\n]}\n`);
}
