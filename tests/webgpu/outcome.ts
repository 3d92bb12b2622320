/** What became of a case on WebGPU, held against the processor. */
import type { HostArray } from "../../src/engine/host.ts";
import { worstDifference } from "../engine/compared.ts";

export interface Outcome {
  readonly name: string;
  /** The largest difference of a value, relative to the larger of 1 and the value. */
  readonly error: number;
  /** How large it may be. */
  readonly tolerance: number;
  readonly thrown?: string;
}

export async function outcomeOf(
  name: string,
  tolerance: number,
  results: (device: "cpu" | "webgpu") => Promise<readonly HostArray[]>,
): Promise<Outcome> {
  try {
    const [want, got] = [await results("cpu"), await results("webgpu")];
    return { name, tolerance, error: worstOf(got, want) };
  } catch (thrown) {
    return {
      name,
      tolerance,
      error: Number.POSITIVE_INFINITY,
      thrown: String((thrown as Error).stack ?? thrown),
    };
  }
}

/** Infinite where an array is missing, or is of another shape or type. */
export function worstOf(got: readonly HostArray[], want: readonly HostArray[]): number {
  const form = (arrays: readonly HostArray[]) =>
    arrays.map(({ dtype, shape }) => `${dtype}[${shape}]`).join();
  if (form(got) !== form(want)) return Number.POSITIVE_INFINITY;
  return Math.max(0, ...want.map((array, i) => worstDifference(got[i], array).error));
}

/** Those that are not as on the processor, in a line each. */
export function wrong(outcomes: readonly Outcome[]): string[] {
  const bad = outcomes.filter(({ error, tolerance }) => !(error <= tolerance));
  return bad.map(
    ({ name, error, tolerance, thrown }) => `${name}: ${thrown ?? `${error}, allowed ${tolerance}`}`,
  );
}
