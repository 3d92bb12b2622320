/** What runs in Node and, unchanged, in a page. */
import { type Case, primitives } from "../engine/cases.ts";
import { drawn, gradients, values } from "../engine/random-programs.ts";

export const suites: Readonly<Record<string, () => readonly Case[]>> = {
  primitives: () => primitives,
  values: () => drawn(values),
  gradients: () => drawn(gradients),
};
