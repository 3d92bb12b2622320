/** `metrics.jsonl`: one line for each step and evaluation. */
import { existsSync } from "node:fs";
import { z } from "zod";
import { UserError } from "../../common/errors.ts";
import { writing } from "../../common/faults.ts";
import { writeFileWhole } from "../../common/files.ts";
import { readRegular } from "../../common/inside.ts";
import { parseJson } from "../../common/json.ts";
import { append } from "./append.ts";

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

export interface MetricsWriter {
  write(line: MetricsLine): Promise<void>;
}

/** Opens `path` for appending; lines after `afterStep` (from a run that was cut short) are dropped first. */
export async function openMetrics(path: string, afterStep: number): Promise<MetricsWriter> {
  const kept = (await readMetrics(path)).filter((line) => line.step <= afterStep);
  await writeFileWhole(path, kept.map(toText).join(""));
  return { write: (line) => writing(path, append(path, toText(line))) };
}

/** A number that was none when it was written stands as null. */
const figure = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);
const common = { step: z.int().min(0), loss: figure, parts: z.record(z.string(), figure) };
const lineSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("step"),
    ...common,
    gradientNorm: figure,
    learningRate: figure,
    tokensPerSecond: figure,
    secondsPerStep: figure,
    dataShare: figure,
  }),
  z.object({ kind: z.literal("eval"), ...common }),
]);

/**
 * Reads `metrics.jsonl`; a last line cut short by a crash is left out. Throws a UserError that names a line which is none
 * of a run's.
 */
export async function readMetrics(path: string): Promise<MetricsLine[]> {
  if (!existsSync(path)) return [];
  const lines = (await readRegular(path)).toString("utf8").split("\n");
  return lines.slice(0, -1).map((line, i) => {
    const place = `${path} line ${i + 1}`;
    const checked = lineSchema.safeParse(parseJson(line, place));
    if (checked.success) return checked.data;
    const [{ path: field, message }] = checked.error.issues;
    throw new UserError(`${place}: ${field.join(".") || "content"}: ${message}`);
  });
}

const toText = (line: MetricsLine) => `${JSON.stringify(line)}\n`;
