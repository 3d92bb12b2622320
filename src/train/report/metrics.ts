/** `metrics.jsonl`: one line for each step and evaluation. */
import { existsSync } from "node:fs";
import { UserError } from "../../common/errors.ts";
import { writing } from "../../common/faults.ts";
import { writeFileWhole } from "../../common/files.ts";
import { readRegular } from "../../common/inside.ts";
import { parseJson } from "../../common/json.ts";
import { append } from "./append.ts";
import { type MetricsLine, metricsLineSchema } from "./metrics-lines.ts";

export type { EvalLine, MetricsLine, StepLine } from "./metrics-lines.ts";

export interface MetricsWriter {
  write(line: MetricsLine): Promise<void>;
}

/** Opens `path` for appending; lines after `afterStep` (from a run that was cut short) are dropped first. */
export async function openMetrics(path: string, afterStep: number): Promise<MetricsWriter> {
  const kept = (await readMetrics(path)).filter((line) => line.step <= afterStep);
  await writeFileWhole(path, kept.map(toText).join(""));
  return { write: (line) => writing(path, append(path, toText(line))) };
}

/**
 * Reads `metrics.jsonl`; a last line cut short by a crash is left out. Throws a UserError that names a line which is none
 * of a run's.
 */
export async function readMetrics(path: string): Promise<MetricsLine[]> {
  if (!existsSync(path)) return [];
  const lines = (await readRegular(path)).toString("utf8").split("\n");
  return lines.slice(0, -1).map((line, i) => {
    const place = `${path} line ${i + 1}`;
    const checked = metricsLineSchema.safeParse(parseJson(line, place));
    if (checked.success) return checked.data;
    const [{ path: field, message }] = checked.error.issues;
    throw new UserError(`${place}: ${field.join(".") || "content"}: ${message}`);
  });
}

const toText = (line: MetricsLine) => `${JSON.stringify(line)}\n`;
