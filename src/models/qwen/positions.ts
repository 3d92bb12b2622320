import { type NdArray, np, take } from "../../engine/array.ts";
import type { ImageLayout } from "../inputs.ts";

/**
 * Multimodal rotary positions of Qwen2-VL (arXiv 2409.12191, section 2.1) for images: text counts on all
 * three axes alike; the tokens of an image that begins at position p have (p, p + row, p + column) of the
 * grid of tokens, and the text after it goes on behind the largest of these. Positions [B, S] (int32) along
 * the row -> [3, B, S] (time, row, column). Positions behind the last image may be of packed questions or
 * of generated tokens: each moves by the same amount.
 */
export function multimodalPositions(positionIds: NdArray, layout: ImageLayout, merge: number): NdArray {
  const [B, S] = positionIds.shape;
  const { axes, end, shift } = positionTable(layout, merge);
  if (end === 0) return np.broadcastTo(positionIds, [3, B, S]);
  const within = np.minimum(positionIds, end - 1);
  const behind = np.add(positionIds, shift);
  const inText = np.greaterEqual(positionIds, end);
  return np.stack(axes.map((axis) => np.where(inText, behind, take(int32Constant(axis), within))));
}

/** Positions along the row up to `end`, where the last image ends; later ones move by `shift`. */
export interface PositionTable {
  readonly axes: readonly [time: number[], row: number[], column: number[]];
  readonly end: number;
  readonly shift: number;
}

/** The static part of {@link multimodalPositions}. */
export function positionTable({ images }: ImageLayout, merge: number): PositionTable {
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

const int32Constant = (values: readonly number[]) =>
  np.array(Int32Array.from(values), { shape: [values.length], dtype: np.int32 });
