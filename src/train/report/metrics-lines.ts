/** Lines of a run's `metrics.jsonl`: one for each step and evaluation. Pure, so that a page reads them too. */
import { z } from "zod";

/** One line of `metrics.jsonl`. */
export type MetricsLine = StepLine | EvalLine;

export interface StepLine {
  readonly kind: "step";
  /** Steps done, so the first line has 1. */
  readonly step: number;
  readonly loss: number;
  readonly parts: Readonly<Record<string, number>>;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Where products are in half precision: what the loss was scaled by, and how often that was halved for this step. */
  readonly lossScale?: number;
  readonly overflows?: number;
  /** Sequence positions (image and text, padding left out) a second. */
  readonly tokensPerSecond: number;
  /** Compiling for batches of a new shape left out. */
  readonly secondsPerStep: number;
  /** Share of the step's time spent waiting for its batch. */
  readonly dataShare: number;
}

export interface EvalLine {
  readonly kind: "eval";
  readonly step: number;
  readonly loss: number;
  readonly parts: Readonly<Record<string, number>>;
}

/** A number that was none when it was written stands as null. */
const figure = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);
const common = { step: z.int().min(0), loss: figure, parts: z.record(z.string(), figure) };
/** What {@link MetricsLine} is, of a parsed line. */
export const metricsLineSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("step"),
    ...common,
    gradientNorm: figure,
    learningRate: figure,
    lossScale: z.number().optional(),
    overflows: z.number().optional(),
    tokensPerSecond: figure,
    secondsPerStep: figure,
    dataShare: figure,
  }),
  z.object({ kind: z.literal("eval"), ...common }),
]);

/** A line as it was written; undefined for anything else. */
export function readMetricsLine(line: string): MetricsLine | undefined {
  try {
    return metricsLineSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
