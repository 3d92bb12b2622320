/** The interface of a loss: a name, checked options, the taps that it needs, and a pure function of arrays. */
import { z } from "zod";
import type { NdArray } from "../engine/array.ts";
import type { Head } from "../models/contract/family.ts";
import type { TapName, Taps } from "../models/contract/taps.ts";
import type { ImageLayout } from "../models/inputs/inputs.ts";
import type { ParamSpec } from "../nn/init.ts";
import type { Batch } from "./batch.ts";

/**
 * Which sequence positions' attention a loss reads.
 * `predicting`: every position that predicts an answer token, R = A (`answerPositions`).
 * `last-answer`: the last answer token itself, as it stands in the input, R = Q (`lastAnswerPositions`).
 */
export type QueryKind = "predicting" | "last-answer";

/**
 * Everything that a loss is given; `Tap` are the taps that its `needs` name. Regions are in the batch, as
 * `conceptCoverage` and `attentionTargets`.
 */
export interface LossContext<Tap extends TapName = never> {
  readonly batch: Batch<NdArray>;
  readonly layout: ImageLayout;
  /** The taps asked for by `needs`; attention rows are those of the loss's own queries. */
  readonly taps: Partial<Taps> & Pick<Taps, Tap>;
  readonly head: Head;
  /** See `ModelFacts.attentionWindows`; absent: no layer has a window. */
  readonly windows?: readonly (number | null)[];
  /** Parameters of the loss itself, by the names of its `params`; absent: it has none. */
  readonly params?: Readonly<Record<string, NdArray>>;
}

/** Some positions of a row. */
export type RowKind = "images" | "answers";

/** What of an example a loss learns from: an answer, a concept, or a region of a question. */
export type ExamplePart = "answers" | "concepts" | "regions";

/** How target maps are found without regions: by passes with image tokens knocked out, into `Batch.learntTargets`. */
export interface EvidenceNeeds {
  /** Forward passes of a search, an even number. */
  readonly passes: number;
  /** Steps from one search to the next; in between there are no such targets. */
  readonly refresh: number;
}

/** What a loss reads: taps of the forward pass, and the queries of attention rows. */
export interface LossNeeds<Tap extends TapName = TapName> {
  readonly taps: readonly Tap[];
  /** Data without any of it is refused; absent: whatever there is. */
  readonly learnsFrom?: ExamplePart;
  /**
   * At which of a row's positions it reads the last of `hiddenStates`: the image tokens, those that predict an answer token
   * (`answerPositions`). Where all losses say so, the last layer may compute no others. Absent: at all.
   */
  readonly lastRows?: readonly RowKind[];
  /** Asked for together with a tap of attention rows. */
  readonly queries?: QueryKind;
  readonly evidence?: EvidenceNeeds;
}

/** What a loss computes. */
export interface LossValue {
  /** Scalar. */
  readonly loss: NdArray;
  /** Scalars for the log, by name. */
  readonly parts?: Readonly<Record<string, NdArray>>;
}

/** A loss as it is used: pure functions over a trace, with options that a config file can name. */
export interface Loss<Options extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** Every option has a default, so that `{}` is valid. */
  readonly options: Options;
  needs(options: z.output<Options>): LossNeeds;
  /** Parameters that are trained with the model and belong to the loss alone, such as a temperature. */
  params(options: z.output<Options>): Readonly<Record<string, ParamSpec>>;
  compute(context: LossContext, options: z.output<Options>): LossValue;
}

/** A loss as it is written. */
export interface LossDefinition<Tap extends TapName, Options extends z.ZodObject> {
  /** Stands before its numbers in logs and reports. */
  readonly name: string;
  /** A zod schema in which every option has a default; left out: there are none. */
  readonly options?: Options;
  /** The taps to compute, and for attention rows the queries; of the options where it depends on them. */
  readonly needs: LossNeeds<Tap> | ((options: z.output<Options>) => LossNeeds<Tap>);
  /** Parameters of its own, which training starts and changes with the model's; a model's folder does not hold them. */
  readonly params?: (options: z.output<Options>) => Readonly<Record<string, ParamSpec>>;
  /**
   * The loss, a scalar [], alone or with further scalars for the log. It is traced once and differentiated: nothing in
   * it may depend on values, only on shapes and options.
   */
  compute(context: LossContext<Tap>, options: z.output<Options>): NdArray | LossValue;
}

/**
 * A loss of one's own, or one of ours:
 *
 *     defineLoss({
 *       name: "small-states",
 *       needs: { taps: ["hiddenStates"] },
 *       compute: ({ taps }) => np.mean(np.square(lastLayer(taps.hiddenStates))),
 *     })
 *
 * Those that config files name stand in `registry.ts`; a module that exports one as `loss` is named there by its path
 * (see `examples/custom-loss`).
 */
export function defineLoss<Tap extends TapName, Options extends z.ZodObject = NoOptions>(
  definition: LossDefinition<Tap, Options>,
): Loss<Options> {
  const { name, needs, options = z.strictObject({}) } = definition;
  return {
    name,
    options: options as Options,
    needs: (chosen) => (typeof needs === "function" ? needs(chosen) : needs),
    params: (chosen) => definition.params?.(chosen) ?? {},
    compute(context, chosen) {
      const value = definition.compute(context as LossContext<Tap>, chosen);
      return "loss" in value ? value : { loss: value };
    },
  };
}

type NoOptions = z.ZodObject<Record<never, never>>;

/** A parameter of the loss itself; a missing one is a mistake of the caller. */
export function ownParam({ params = {} }: Pick<LossContext, "params">, name: string): NdArray {
  if (params[name] === undefined) throw new Error(`loss: parameter ${name} must be given, got none`);
  return params[name];
}

/** A tap that `needs` asked for; a missing one is a mistake of the caller. */
export function tapped<Name extends TapName>(
  context: { readonly taps: Partial<Taps> },
  name: Name,
): Taps[Name] {
  const value: Taps[Name] | undefined = context.taps[name];
  if (value === undefined) throw new Error(`loss: tap ${name} must be computed, got none`);
  return value;
}
