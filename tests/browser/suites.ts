/** What runs in Node and, unchanged, in a page. */
import { attentions, type Case, layers, primitives } from "../engine/cases.ts";
import { drawn, gradients, values } from "../engine/random-programs.ts";

export const suites: Readonly<Record<string, () => readonly Case[]>> = {
  primitives: () => [...primitives, ...attentions, ...layers],
  values: () => drawn(values),
  gradients: () => drawn(gradients),
};
