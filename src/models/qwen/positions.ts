import { type HostArray, int32 } from "../../engine/host.ts";
import type { RowLayout } from "../inputs/inputs.ts";

/**
 * Multimodal rotary positions of Qwen2-VL (arXiv 2409.12191, section 2.1) for images: text counts on all
 * three axes alike; the tokens of an image that begins at position p have (p, p + row, p + column) of the
 * grid of tokens, and the text after it goes on behind the largest of these. Positions [B, S] (int32) along
 * the row -> [3, B, S] (time, row, column). Positions behind the last image may be of packed questions or
 * of generated tokens: each moves by the same amount. `rows`: each row's own images.
 */
export function multimodalPositions(
  { data, shape }: HostArray,
  rows: readonly RowLayout[],
  merge: number,
): HostArray<"int32"> {
  const [B, S] = shape;
  const positions = int32([3, B, S]);
  for (const [b, row] of rows.entries()) {
    const { axes, end, shift } = positionTable(row, merge);
    for (const [axis, table] of axes.entries())
      for (let s = 0; s < S; s++) {
        const along = data[b * S + s];
        positions.data[(axis * B + b) * S + s] = along < end ? table[along] : along + shift;
      }
  }
  return positions;
}

/** Positions along the row up to `end`, where the last image ends; later ones move by `shift`. */
export interface PositionTable {
  readonly axes: readonly [time: number[], row: number[], column: number[]];
  readonly end: number;
  readonly shift: number;
}

/** What {@link multimodalPositions} looks up. */
export function positionTable({ images }: RowLayout, merge: number): PositionTable {
  const axes: PositionTable["axes"] = [[], [], []];
  let next = 0;
  for (const { spans, shape } of images) {
    const [{ start }] = spans;
    const [rows, columns] = [shape.rows / merge, shape.columns / merge];
    while (axes[0].length < start) {
      for (const axis of axes) axis.push(next);
      next++;
    }
    for (let i = 0; i < rows * columns; i++) {
      axes[0].push(next);
      axes[1].push(next + Math.floor(i / columns));
      axes[2].push(next + (i % columns));
    }
    next += Math.max(rows, columns);
  }
  return { axes, end: axes[0].length, shift: next - axes[0].length };
}
