/** Files of results: `bench/results/<instruction set>/<part>.json`, which tables and plots are made from. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeFileWhole } from "../src/common/files.ts";
import type { InstructionSet, MachineName } from "./machine.ts";
import type { StepResult } from "./step/measure.ts";

/** What one run of a part gave. */
export interface PartResult<Result = unknown> {
  readonly part: string;
  readonly machine: MachineName;
  readonly commit: string;
  /** As it was called, from the project's folder. */
  readonly command: string;
  readonly seconds: number;
  /** Peers that were not there. */
  readonly missing: readonly string[];
  readonly result: Result;
}

const folder = fileURLToPath(new URL("results", import.meta.url));

const pathOf = (instructions: InstructionSet, part: string) => join(folder, instructions, `${part}.json`);

export async function writeResult(result: PartResult): Promise<void> {
  const path = pathOf(result.machine.instructions, result.part);
  await writeFileWhole(path, `${JSON.stringify(result, rounded, 2)}\n`);
}

/** Six digits tell all that a measurement knows. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}

export function readResult(instructions: InstructionSet, part: string): PartResult | undefined {
  const path = pathOf(instructions, part);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as PartResult) : undefined;
}

/** All that there are, by instruction set. */
export function allResults(): Map<InstructionSet, PartResult[]> {
  const sets = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  return new Map(
    sets
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => [name as InstructionSet, resultsIn(join(folder, name))]),
  );
}

function resultsIn(path: string): PartResult[] {
  const names = readdirSync(path).filter((name) => name.endsWith(".json"));
  return names.sort().map((name) => JSON.parse(readFileSync(join(path, name), "utf8")) as PartResult);
}

/** The cells of the step benchmark, smaller models and shorter rows first. */
export function stepResults(results: readonly PartResult[]): { from: PartResult; cell: StepResult }[] {
  return results
    .filter(({ part }) => part.startsWith("step-"))
    .flatMap((from) => (from.result as { results: StepResult[] }).results.map((cell) => ({ from, cell })))
    .sort((a, b) => sizeOf(a.cell) - sizeOf(b.cell) || a.cell.tokens - b.cell.tokens);
}

const sizeOf = ({ model }: StepResult) => Number(model.slice(0, -1));
