/** What a run says of itself before its first step. */
import { sizeOf } from "../../engine/host.ts";
import type { Source } from "../batches/examples.ts";
import type { TrainConfig } from "../config/config.ts";
import type { Named } from "../step/trees.ts";
import type { Start } from "./start.ts";

export interface RunSummary {
  /** Type and name of the model that is trained. */
  readonly model: string;
  readonly parameters: number;
  readonly trainable: number;
  /** Null where examples are made on the fly. */
  readonly data: {
    readonly pictures: number;
    readonly questions: number;
    /** Pictures of this or another folder that are evaluated and not trained on. */
    readonly heldOut: number;
  } | null;
  /** Image tokens of a picture. */
  readonly tokensPerPicture: { readonly smallest: number; readonly median: number; readonly largest: number };
  /** Shapes of rows that the run plans, a program each. */
  readonly shapes: number;
  /** Share of the tokens of batches that is padding, by a sample of the data. */
  readonly padding: number;
  /** Rows in one step. */
  readonly effectiveBatch: number;
  readonly steps: number;
  /** What the data lacks or cannot be used of it. */
  readonly notes: readonly string[];
}

/** What is found out when the batches of a run are planned. */
export interface Planned {
  /** Image tokens of the pictures looked at. */
  readonly imageTokens: readonly number[];
  readonly shapes: number;
  readonly padding: number;
}

export function summarise(
  { model, train }: TrainConfig,
  { family, trained, frozen }: Start,
  data: { readonly counts: RunSummary["data"]; readonly planned: Planned; readonly notes: readonly string[] },
): RunSummary {
  const { modelType } = family;
  const { imageTokens, shapes, padding } = data.planned;
  const trainable = parametersOf(trained);
  return {
    model: `${modelType} ${model.from === null ? "from random values" : `from ${model.from}`}`,
    parameters: trainable + parametersOf(frozen),
    trainable,
    data: data.counts,
    tokensPerPicture: spread(imageTokens),
    shapes,
    padding,
    effectiveBatch: train.batchSize * train.accumulate,
    steps: train.steps,
    notes: data.notes,
  };
}

function parametersOf(arrays: Named<{ readonly shape: readonly number[] }>): number {
  return Object.values(arrays).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** Of a folder; null where examples are made. */
export function countsOf({ folder }: Source): RunSummary["data"] {
  if (folder === undefined) return null;
  const { training, evaluated } = folder;
  const pictures = new Set(training.map(({ picture }) => picture));
  return {
    pictures: pictures.size,
    questions: training.reduce((sum, { questions }) => sum + questions.length, 0),
    heldOut: folder.evaluatesTraining ? 0 : new Set(evaluated.map(({ picture }) => picture)).size,
  };
}

function spread(values: readonly number[]): RunSummary["tokensPerPicture"] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))];
  return { smallest: at(0), median: at(0.5), largest: at(1) };
}

const number = (value: number) => value.toLocaleString("en-GB");

/** The summary in a few lines. */
export function describeSummary(summary: RunSummary): string[] {
  const { tokensPerPicture: tokens, data } = summary;
  const share = ((100 * summary.trainable) / summary.parameters).toPrecision(2);
  return [
    `model: ${summary.model}, ${number(summary.parameters)} parameters, ${number(summary.trainable)} trained (${share} %)`,
    data === null
      ? "data: scenes, made as they are needed"
      : `data: ${number(data.pictures)} pictures with ${number(data.questions)} questions, ${number(data.heldOut)} more held out`,
    `pictures: ${number(tokens.smallest)} to ${number(tokens.largest)} tokens each, median ${number(tokens.median)}`,
    `shapes: ${summary.shapes}, a program for each; ${Math.round(100 * summary.padding)} % of the tokens are padding`,
    `steps: ${number(summary.steps)} of ${number(summary.effectiveBatch)} rows`,
    ...summary.notes.map((note) => `note: ${note}`),
  ];
}
