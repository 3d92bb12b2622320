/** How much there is to compute. */
import { sizeOf } from "../host.ts";
import type { Equation } from "../ir.ts";

/** Multiplications and additions of an equation, about. */
export function workOf({ primitive, inputs, outputs }: Equation): number {
  const made = outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (primitive === "dot") return 2 * made * (inputs[0].shape.at(-1) ?? 1);
  if (primitive === "conv") return 2 * made * sizeOf(inputs[1].shape.slice(1));
  return made;
}
