/** Where the image tokens of a row stand: from token ids to layouts, and from layouts to columns of arrays. */
import { mustBe } from "../../common/errors.ts";
import { type NdArray, np, slice } from "../../engine/array.ts";
import type { ImageLayout, ImageShape, PlacedImage, RowLayout, Span } from "./inputs.ts";

/** A row without images. */
export const noImages: ImageLayout = { images: [] };

/** A layout of any kind. */
interface Spans {
  readonly images: readonly { readonly spans: readonly Span[] }[];
}

/** All spans of image tokens, in order. */
export function imageSpans({ images }: Spans): Span[] {
  return images.flatMap(({ spans }) => spans);
}

/** The columns of a row in which image tokens stand, in order. */
export function imageTokens(layout: Spans): number[] {
  return imageSpans(layout).flatMap(({ start, length }) => Array.from({ length }, (_, i) => start + i));
}

/** N: image tokens of a row. */
export function imageTokenCount(layout: Spans): number {
  return imageSpans(layout).reduce((sum, { length }) => sum + length, 0);
}

/** The same text for the same layout: a key for compiled programs. */
export function layoutKey({ images }: ImageLayout): string {
  const texts = images.map(({ spans, pixels }) => {
    const places = spans.map(({ start, length }) => `${start}+${length}`).join(" ");
    return `${pixels}@${places}`;
  });
  return `images ${texts.join(", ")}`;
}

/** What an image of some size adds to a row: image tokens, and its shape. */
export interface ImageSize {
  readonly tokens: number;
  readonly shape: ImageShape;
}

/**
 * The layout of a row of token ids with these images, in order. Throws a UserError when the row does not hold
 * exactly their image tokens.
 */
export function placeImages(
  ids: readonly number[],
  imageTokenId: number,
  images: readonly ImageSize[],
): RowLayout {
  const columns = ids.flatMap((id, column) => (id === imageTokenId ? [column] : []));
  const wanted = images.reduce((sum, { tokens }) => sum + tokens, 0);
  if (columns.length !== wanted)
    throw mustBe("prompt", "image tokens", `${wanted} for ${images.length} images`, columns.length);
  let taken = 0;
  const placed = images.map(({ tokens, shape }): PlacedImage => {
    taken += tokens;
    return { spans: spansOf(columns.slice(taken - tokens, taken)), shape };
  });
  return { images: placed };
}

/** Neighbouring columns together. */
function spansOf(columns: readonly number[]): Span[] {
  const spans: { start: number; length: number }[] = [];
  for (const column of columns) {
    const last = spans.at(-1);
    if (last !== undefined && column === last.start + last.length) last.length++;
    else spans.push({ start: column, length: 1 });
  }
  return spans;
}

/** The image tokens' columns of an array, in order: N along `axis` (not negative). */
export function imageColumns(x: NdArray, axis: number, layout: ImageLayout): NdArray {
  const parts = imageSpans(layout).map(({ start, length }) => slice(x, axis, start, start + length));
  return parts.length === 1 ? parts[0] : np.concatenate(parts, axis);
}

/**
 * Text embeddings of ids [B, S] with image features [B, N, D] in the image tokens' columns: [B, S, D]. Only the
 * text's ids are looked up: `embed` makes [B, T, D] of T of them.
 */
export function joinImages(
  embed: (ids: NdArray) => NdArray,
  inputIds: NdArray,
  features: NdArray,
  layout: ImageLayout,
): NdArray {
  const texts = textSpans(layout, inputIds.shape[1]);
  if (texts.every(({ length }) => length === 0)) return features;
  const ids = pieces(inputIds, texts);
  const text = embed(np.concatenate(ids, 1));
  return interleaved(text, features, layout, inputIds.shape[1]);
}

/** Adds features [B, N, D] to the image tokens of hidden states [B, S, D]. */
export function addToImages(hidden: NdArray, features: NdArray, layout: ImageLayout): NdArray {
  const [B, S, D] = hidden.shape;
  const zeros = np.zeros([B, S - features.shape[1], D]);
  return np.add(hidden, interleaved(zeros, features, layout, S));
}

/** Shares of `pixelValues` in one row. */
export function pixelsOf({ images }: ImageLayout): number {
  return images.reduce((sum, { pixels }) => sum + pixels, 0);
}

/** What a tower gives for the pictures of all rows [B I, P, D], I of them a row -> [B, I P, D]. */
export function perRow(x: NdArray, pictures: number): NdArray {
  const [all, P, D] = x.shape;
  return pictures === 1 ? x : np.reshape(x, [all / pictures, pictures * P, D]);
}

/** Columns between the images: one more than there are spans of image tokens, some empty. */
function textSpans(layout: ImageLayout, S: number): Span[] {
  const spans = imageSpans(layout);
  const starts = [0, ...spans.map(({ start, length }) => start + length)];
  const stops = [...spans.map(({ start }) => start), S];
  return starts.map((start, i) => ({ start, length: stops[i] - start }));
}

/** Text [B, S - N, ...] and image tokens [B, N, ...] in the order of the row. */
function interleaved(text: NdArray, image: NdArray, layout: ImageLayout, S: number): NdArray {
  const take1 = reader(text);
  const take2 = reader(image);
  const spans = imageSpans(layout);
  const parts = textSpans(layout, S).flatMap(({ length }, i) => [
    ...take1(length),
    ...take2(spans[i]?.length ?? 0),
  ]);
  return np.concatenate(parts, 1);
}

/** Reads an array's columns one piece after the other; a piece of no columns is no array. */
function reader(x: NdArray): (length: number) => NdArray[] {
  let at = 0;
  return (length) => {
    at += length;
    return length === 0 ? [] : [slice(x, 1, at - length, at)];
  };
}

function pieces(x: NdArray, spans: readonly Span[]): NdArray[] {
  return spans.flatMap(({ start, length }) => (length === 0 ? [] : [slice(x, 1, start, start + length)]));
}
