import { existsSync } from "node:fs";
import { constants, open, readFile } from "node:fs/promises";
import { writing } from "../common/faults.ts";
import { writeFileWhole } from "../common/files.ts";

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

/** Does not make the file: where it was taken away, the run is over. */
async function append(path: string, text: string): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_APPEND;
  const file = await open(path, flags);
  await file.appendFile(text).finally(() => file.close());
}

/** Reads `metrics.jsonl`; a last line cut short by a crash is left out. */
export async function readMetrics(path: string): Promise<MetricsLine[]> {
  if (!existsSync(path)) return [];
  const lines = (await readFile(path, "utf8")).split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line) as MetricsLine);
}

const toText = (line: MetricsLine) => `${JSON.stringify(line)}\n`;
