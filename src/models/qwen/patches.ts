/**
 * What the vision towers of Qwen's models share. P patches of a row's images, image by image, each in merge
 * order: the merge x merge patches of one image token, token by token. D width, H heads, K head size.
 */
import { type NdArray, np, slice } from "../../engine/array.ts";
import { mergeOrder } from "../../hub/processors/qwen.ts";
import type { Heads, Segment } from "../../nn/attention.ts";
import { type LinearParams, linear } from "../../nn/linear.ts";
import { type GridPlace, type RotaryTables, rotate } from "../../nn/rotary.ts";
import type { ImageLayout } from "../inputs.ts";

/** P of one row. */
export function patchCount({ images }: ImageLayout): number {
  return images.reduce((sum, { shape }) => sum + shape.rows * shape.columns, 0);
}

/** Where each of a row's P patches lies in its image. */
export function patchPlaces({ images }: ImageLayout, merge: number): GridPlace[] {
  return images.flatMap(({ shape }) => mergeOrder(shape.rows, shape.columns, merge));
}

/** Every image sees itself only. */
export function imageSegments({ images }: ImageLayout): Segment[] {
  return joinSegments(images.map(({ shape }) => ({ count: 1, length: shape.rows * shape.columns })));
}

/** Neighbours of equal length together. */
export function joinSegments(segments: readonly Segment[]): Segment[] {
  const joined: { count: number; length: number }[] = [];
  for (const { count, length } of segments) {
    const last = joined.at(-1);
    if (last?.length === length) last.count += count;
    else joined.push({ count, length });
  }
  return joined;
}

/** A convolution over frames, rows and columns with stride = kernel: weight [D, C, T, p, p]. */
export interface PatchEmbedParams<A = NdArray> {
  readonly proj: LinearParams<A>;
}

/** Rows of pixels [B P, C T p p] -> [B, P, D]. */
export function embedPatchRows({ proj }: PatchEmbedParams, pixelValues: NdArray, P: number): NdArray {
  const [rows, inputs] = pixelValues.shape;
  const weight = np.reshape(proj.weight, [proj.weight.shape[0], inputs]);
  return linear({ ...proj, weight }, np.reshape(pixelValues, [rows / P, P, inputs]));
}

/** The patches of each image token side by side: [B, P, D] -> [B, P / merge², merge² D]. */
export function mergeUnits(x: NdArray, merge: number): NdArray {
  const [B, P, D] = x.shape;
  return np.reshape(x, [B, P / merge ** 2, merge ** 2 * D]);
}

/** One projection [3 D, D] to queries, keys and values; the first two turned. x [B, P, D]. */
export function fusedHeads(qkv: LinearParams, x: NdArray, H: number, rotary: RotaryTables): Heads {
  const [B, P, D] = x.shape;
  const K = D / H;
  const projected = np.reshape(linear(qkv, x), [B, P, 3, H, K]);
  const [query, key, value] = [0, 1, 2].map((i) => np.reshape(slice(projected, 2, i, i + 1), [B, P, H, K]));
  return { query: np.reshape(rotate(query, rotary), [B, P, H, 1, K]), key: rotate(key, rotary), value };
}
