/**
 * What the vision towers of Qwen's models share. P patches of a row's room for images, image by image, each in merge
 * order: the merge x merge patches of one image token, token by token, then what the image leaves empty. D width, H
 * heads, K head size.
 */
import { type NdArray, np, slice } from "../../engine/array.ts";
import { float32, type HostArray } from "../../engine/host.ts";
import { attendSegments, biasedHeads, type Heads, type Segment } from "../../nn/attention.ts";
import { type LinearParams, linear } from "../../nn/linear.ts";
import { type GridPlace, gridAngles, type RotaryTables, rotate } from "../../nn/rotary.ts";
import { MASKED } from "../../nn/softmax.ts";
import type { ImageLayout, ImageShape } from "../inputs/inputs.ts";
import type { PixelRule } from "../inputs/padding.ts";
import { mergeOrder } from "./processor.ts";

/** An image's patches, `merge`² for each of its tokens. */
export function qwenPixels(merge: number): PixelRule {
  return { of: ({ rows, columns }) => rows * columns, perToken: merge ** 2 };
}

/** An image and its room: patches [start, start + room) of its row. */
export interface RoomyImage {
  readonly shape: ImageShape;
  readonly start: number;
  readonly room: number;
}

/** A row's images with their rooms; a room without an image has shape 0 x 0. */
export function roomyImages(shapes: readonly ImageShape[], { images }: ImageLayout): RoomyImage[] {
  let end = 0;
  return images.map(({ pixels }, i) => {
    end += pixels;
    return { shape: shapes[i] ?? { rows: 0, columns: 0 }, start: end - pixels, room: pixels };
  });
}

/** Where each of an image's patches lies in it. */
export function patchPlaces({ shape }: RoomyImage, merge: number): GridPlace[] {
  return mergeOrder(shape.rows, shape.columns, merge);
}

/** [B, P] float32: 0 for a patch, {@link MASKED} for room that is left empty. */
export function patchBias(rows: readonly (readonly RoomyImage[])[], P: number): HostArray<"float32"> {
  const bias = float32([rows.length, P]);
  bias.data.fill(MASKED);
  for (const [b, images] of rows.entries())
    for (const { shape, start } of images)
      bias.data.fill(0, b * P + start, b * P + start + shape.rows * shape.columns);
  return bias;
}

/** Angles [B, P, K/2] of the patches' two-dimensional rotary embedding; 0 where there is none. */
export function patchAngles(
  rows: readonly (readonly (GridPlace | undefined)[])[],
  headSize: number,
  theta: number,
): HostArray<"float32"> {
  const half = headSize / 2;
  const angles = float32([rows.length, rows[0].length, half]);
  for (const [b, places] of rows.entries())
    for (const [p, place] of places.entries())
      if (place !== undefined)
        angles.data.set(gridAngles(place, headSize, theta), (b * places.length + p) * half);
  return angles;
}

/** Every image sees itself only: {@link attendSegments} over the images' rooms, whose empty part is not seen. */
export function attendImages(heads: Heads, bias: NdArray, { images }: ImageLayout): NdArray {
  const segments = joinSegments(images.map(({ pixels }) => ({ count: 1, length: pixels })));
  const { heads: biased, rule } = biasedHeads(heads, bias);
  return attendSegments(biased, segments, rule);
}

/** Neighbours of equal length together. */
function joinSegments(segments: readonly Segment[]): Segment[] {
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
