import type { Box } from "../../grounding/geometry.ts";
import type { Size } from "./format.ts";

/** A point in hundredths of the picture, rounded down, as the tasks of this project write it: "34 71". */
export function pointText([x, y]: readonly [number, number], { width, height }: Size): string {
  return `${hundredths(x / width)} ${hundredths(y / height)}`;
}

/** A box as the points of its corners: "12 30 40 62". */
export function boxText([x0, y0, x1, y1]: Box, size: Size): string {
  return `${pointText([x0, y0], size)} ${pointText([x1, y1], size)}`;
}

function hundredths(share: number): number {
  return Math.min(99, Math.max(0, Math.floor(100 * share)));
}
