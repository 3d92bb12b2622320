/** The cases that run on WebGPU in Node, in parts that take a minute of a software adapter at most. */
import { attentions, type Case, fewBits, layers, primitives } from "../engine/cases.ts";
import { engineOf } from "../engine/compared.ts";
import { drawn, gradients, values } from "../engine/random-programs.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";

/** Software needs a few milliseconds for each program's shaders: fewer programs than on the processor. */
const suites: Readonly<Record<string, () => readonly Case[]>> = {
  primitives: () => [...primitives, ...attentions, ...layers, ...fewBits],
  "random programs": () => drawn({ ...values, numRuns: 120 }),
  "gradients of random programs": () => drawn({ ...gradients, numRuns: 80 }),
};

async function outcomesOf(cases: readonly Case[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const one of cases)
    outcomes.push(
      await outcomeOf(one.name, Math.max(one.tolerance ?? 0, 1e-4), (device) => engineOf(one, { device })),
    );
  return outcomes;
}

export const parts: Readonly<Record<string, () => Promise<readonly Outcome[]>>> = Object.fromEntries(
  Object.entries(suites).map(([name, cases]) => [name, () => outcomesOf(cases())]),
);
