/** Losses with their weights as one: what they need together, and their sum. */
import type { z } from "zod";
import { mustBe, UserError } from "../common/errors.ts";
import { type NdArray, np, slice } from "../engine/array.ts";
import type { LastRows } from "../models/contract/family.ts";
import type { TapName } from "../models/contract/taps.ts";
import type { ParamSpec } from "../nn/init.ts";
import type { Batch } from "./batch.ts";
import type { Loss, LossContext, LossNeeds, LossValue, QueryKind, RowKind } from "./loss.ts";
import { type LossesConfig, type LossName, losses } from "./registry.ts";

/** A loss with its options and weight fixed: what the training loop adds up. */
export interface WeightedLoss {
  readonly name: string;
  readonly weight: number;
  readonly needs: LossNeeds;
  /** Parameters of its own, by the names that training has for them: `losses.contrastive.logScale`. */
  readonly params: Readonly<Record<string, ParamSpec>>;
  readonly compute: (context: LossContext) => LossValue;
}

/**
 * Fixes a loss's weight λ and its options; those left out have their defaults. Throws a UserError, which calls the loss
 * `source`, for options that its schema refuses.
 */
export function weigh<Options extends z.ZodObject>(
  loss: Loss<Options>,
  weight = 1,
  options?: z.input<Options>,
  source = loss.name,
): WeightedLoss {
  if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY))
    throw mustBe("losses", `weight of ${source}`, "a number from 0", weight);
  const checked = checkedOptions(loss, options ?? {}, source);
  return {
    name: loss.name,
    weight,
    needs: loss.needs(checked),
    params: Object.fromEntries(
      Object.entries(loss.params(checked)).map(([name, spec]) => [paramPrefix(loss.name) + name, spec]),
    ),
    compute: (context) => loss.compute(context, checked),
  };
}

/** What the names of a loss's own parameters begin with, among all that are trained. */
const paramPrefix = (loss: string) => `losses.${loss}.`;

function checkedOptions<Options extends z.ZodObject>(
  loss: Loss<Options>,
  options: unknown,
  source: string,
): z.output<Options> {
  const { data, error } = loss.options.safeParse(options);
  if (error === undefined) return data;
  const [{ path, message }] = error.issues;
  const line = `losses: ${[source, "options", ...path].join(": ")}: ${message}`;
  throw new UserError(line, { cause: error });
}

/**
 * The losses of the registry that a config names, in its order; those of weight 0 are left out. The user's own come
 * from `customLosses`.
 */
export function chosenLosses(config: LossesConfig): WeightedLoss[] {
  return (Object.keys(losses) as LossName[]).flatMap((name) => {
    const { weight = 0, ...options } = config[name] ?? {};
    return weight === 0 ? [] : [weigh<z.ZodObject>(losses[name], weight, options)];
  });
}

/** What the forward pass has to compute for these losses together. */
export interface TotalNeeds {
  readonly taps: readonly TapName[];
  readonly queries: readonly QueryKind[];
  /** Absent: a loss reads the last hidden state everywhere. */
  readonly lastRows?: readonly RowKind[];
}

/** What several losses read, together. */
export function totalNeeds(chosen: readonly WeightedLoss[]): TotalNeeds {
  return {
    taps: unique(chosen.flatMap(({ needs }) => needs.taps)),
    queries: unique(chosen.flatMap(({ needs }) => needs.queries ?? [])),
    ...lastRowsOf(chosen.map(({ needs }) => needs)),
  };
}

/** Where losses together read the last hidden state, unless one of them does not say. */
function lastRowsOf(needs: readonly LossNeeds[]): Pick<TotalNeeds, "lastRows"> {
  const readers = needs.filter(({ taps }) => taps.includes("hiddenStates"));
  if (readers.some(({ lastRows }) => lastRows === undefined)) return {};
  return { lastRows: unique(readers.flatMap(({ lastRows }) => lastRows ?? [])) };
}

/** Where in a batch the last hidden state is read, for a forward pass; undefined: everywhere. */
export function lastRows(batch: Batch<NdArray>, { lastRows: kinds }: TotalNeeds): LastRows | undefined {
  if (kinds === undefined || kinds.length === 0) return undefined;
  const images = kinds.includes("images");
  return kinds.includes("answers") ? { images, positions: batch.answerPositions } : { images };
}

const positionsOf: Record<QueryKind, (batch: Batch<NdArray>) => NdArray> = {
  predicting: (batch) => batch.answerPositions,
  "last-answer": (batch) => batch.lastAnswerPositions,
};

/** [B, R] int32: the query positions of every kind asked for, one after the other; none if no loss asks. */
export function queryPositions(batch: Batch<NdArray>, needs: TotalNeeds): NdArray | undefined {
  const positions = needs.queries.map((kind) => positionsOf[kind](batch));
  return positions.length > 1 ? np.concatenate(positions, 1) : positions[0];
}

/**
 * `Σ λ_i loss_i` as a scalar, with parts for the log: each loss before its weight by its name, and its own parts
 * as `name.part`. `context.taps` come from a forward pass at the `queryPositions` of all the losses.
 * `weights` gives the λ as scalars where they change during training; otherwise they are those of the losses.
 * `context.params` holds the parameters of all losses by the names that training has for them, and may hold others.
 */
export function totalLoss(
  chosen: readonly WeightedLoss[],
  context: LossContext,
  weights: Readonly<Record<string, NdArray | number>> = {},
): Required<LossValue> {
  const { queries } = totalNeeds(chosen);
  const values = chosen.map((loss) =>
    loss.compute(ownQueries(ownParams(context, loss), queries, loss.needs.queries)),
  );
  const terms = chosen.map(({ name, weight }, i) => np.multiply(values[i].loss, weights[name] ?? weight));
  const parts = chosen.flatMap(({ name }, i) => [
    [name, values[i].loss] as const,
    ...Object.entries(values[i].parts ?? {}).map(([part, value]) => [`${name}.${part}`, value] as const),
  ]);
  return { loss: terms.reduce((sum, term) => np.add(sum, term)), parts: Object.fromEntries(parts) };
}

/** The context with the parameters of one loss, by the names that it has for them. */
function ownParams(context: LossContext, { name, params }: WeightedLoss): LossContext {
  const own = Object.keys(params).flatMap((key) => {
    const value = context.params?.[key];
    return value === undefined ? [] : [[key.slice(paramPrefix(name).length), value] as const];
  });
  return { ...context, params: Object.fromEntries(own) };
}

/** The context with the attention rows of one kind of query only. */
function ownQueries(context: LossContext, kinds: readonly QueryKind[], own?: QueryKind): LossContext {
  if (own === undefined || kinds.length < 2) return context;
  const { batch } = context;
  const before = kinds.slice(0, kinds.indexOf(own));
  const start = before.reduce((sum, kind) => sum + positionsOf[kind](batch).shape[1], 0);
  const stop = start + positionsOf[own](batch).shape[1];
  const rowsOf = (rows: readonly NdArray[]) => rows.map((row) => slice(row, 2, start, stop));
  const { attentionRows, imageLogAttentionRows } = context.taps;
  return {
    ...context,
    taps: {
      ...context.taps,
      ...(attentionRows && { attentionRows: rowsOf(attentionRows) }),
      ...(imageLogAttentionRows && { imageLogAttentionRows: rowsOf(imageLogAttentionRows) }),
    },
  };
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
