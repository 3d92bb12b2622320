import type { z } from "zod";
import type { NdArray } from "../engine/array.ts";
import type { Head } from "../models/contract/family.ts";
import type { TapName, Taps } from "../models/contract/taps.ts";
import type { ImageLayout } from "../models/inputs/inputs.ts";
import type { Batch } from "./batch.ts";

/**
 * Which sequence positions' attention a loss reads.
 * `predicting`: every position that predicts an answer token, R = A (`answerPositions`).
 * `last-answer`: the last answer token itself, as it stands in the input, R = Q (`lastAnswerPositions`).
 */
export type QueryKind = "predicting" | "last-answer";

/** Everything that a loss can see. Regions are in the batch, as `conceptCoverage` and `attentionTargets`. */
export interface LossContext {
  readonly batch: Batch<NdArray>;
  readonly layout: ImageLayout;
  /** The taps asked for by `needs`; attention rows are those of the loss's own queries. */
  readonly taps: Partial<Taps>;
  readonly head: Head;
}

/** What of an example a loss learns from: an answer, a concept, or a region of a question. */
export type ExamplePart = "answers" | "concepts" | "regions";

export interface LossNeeds {
  readonly taps: readonly TapName[];
  /** Data without any of it is refused; absent: whatever there is. */
  readonly learnsFrom?: ExamplePart;
  /** Asked for together with a tap of attention rows. */
  readonly queries?: QueryKind;
}

export interface LossValue {
  /** Scalar. */
  readonly loss: NdArray;
  /** Scalars for the log, by name. */
  readonly parts?: Readonly<Record<string, NdArray>>;
}

/**
 * A loss: pure functions over a trace, with options that a config file can name. Add one by writing a file
 * like `next-token.ts` and a line in `registry.ts`; your own needs no change here (see `examples/custom-loss`).
 */
export interface Loss<Options extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** Every option has a default, so that `{}` is valid. */
  readonly options: Options;
  needs(options: z.output<Options>): LossNeeds;
  compute(context: LossContext, options: z.output<Options>): LossValue;
}

/** Lets the compiler infer the options of a loss from its schema. */
export function defineLoss<Options extends z.ZodObject>(loss: Loss<Options>): Loss<Options> {
  return loss;
}

/** A tap that `needs` asked for; a missing one is a mistake of the caller. */
export function tapped<Name extends TapName>(context: LossContext, name: Name): Taps[Name] {
  const value: Taps[Name] | undefined = context.taps[name];
  if (value === undefined) throw new Error(`loss: tap ${name} must be computed, got none`);
  return value;
}
