/** The page of engine.test.ts: runs cases on a device of this page, and under jax-js. */
import type { HostArray } from "../../src/engine/host.ts";
import type { Machine } from "../../src/engine/runtime/runtime.ts";
import type { Case } from "../engine/cases.ts";
import { engineOf, jaxOf, worstDifference } from "../engine/compared.ts";
import { train } from "../engine/training.ts";
import { suites } from "./suites.ts";

/** What became of one case: the engine's results and how far they are from jax-js's, or what was thrown. */
export interface Outcome {
  readonly name: string;
  readonly results: readonly {
    readonly dtype: string;
    readonly shape: readonly number[];
    readonly data: number[];
  }[];
  readonly error: number;
  readonly thrown?: string;
}

async function outcomeOf(one: Case, machine: Machine): Promise<Outcome> {
  const { name } = one;
  try {
    const got = await engineOf(one, machine);
    const want = await jaxOf(one);
    const errors = got.map((leaf, i) => worstDifference(leaf, want[i]).error);
    return { name, error: Math.max(0, ...errors), results: got.map(plain) };
  } catch (thrown) {
    return { name, error: Number.NaN, results: [], thrown: String((thrown as Error).stack ?? thrown) };
  }
}

function plain({ dtype, shape, data }: HostArray) {
  return { dtype, shape, data: Array.from(data) };
}

/** The cases from `start` up to `stop` of a suite, one after the other. */
export async function runCases(
  suite: string,
  device: string,
  start = 0,
  stop = Number.POSITIVE_INFINITY,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const one of suites[suite]().slice(start, stop))
    outcomes.push(await outcomeOf(one, { device, threads: 2, assets: "/ort/" }));
  return outcomes;
}

/** What the page has for those who drive it. */
export interface PageScope {
  readonly runCases: typeof runCases;
  readonly train: typeof train;
}

Object.assign(globalThis, { runCases, train } satisfies PageScope);
