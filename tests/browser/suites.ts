/** What runs in Node and, unchanged, in a page. */
import { attentions, type Case, fewBits, layers, primitives } from "../engine/cases.ts";
import { drawn, gradients, values } from "../engine/random-programs.ts";

export const suites: Readonly<Record<string, () => readonly Case[]>> = {
  primitives: () => [...primitives, ...attentions, ...layers, ...fewBits],
  values: () => drawn(values),
  gradients: () => drawn(gradients),
};
