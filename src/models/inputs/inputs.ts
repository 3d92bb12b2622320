/** What a model reads: token ids, positions and segments of packed rows, and where the tokens of images stand in them. */
import type { NdArray } from "../../engine/array.ts";
import { imagesSeeQuestion, type Visibility } from "../../nn/visibility.ts";

/** What a vision-language model reads. B rows, S sequence positions. */
export interface ModelInputs<A = NdArray> {
  /**
   * All images of all rows, in order, stacked along the first axis as `ProcessedImage.pixelValues` gives each of
   * them; absent where the rows have no image.
   */
  readonly pixelValues?: A;
  /** What a family must know of the images besides their pixels, by name: see {@link FamilyParts.imageInputs}. */
  readonly imageInputs?: Readonly<Record<string, A>>;
  /** [B, S] int32 */
  readonly inputIds: A;
  /**
   * [B, S] int32: 0, 1, 2, ... along a row, padding not counted; a packed question goes on where the shared prefix
   * ends. [3, B, S] (time, row, column) for families whose image tokens stand in a grid.
   */
  readonly positionIds: A;
  /** [B, S] int32: 0 = shared prefix, q > 0 = the q-th packed question (see `segmentsOf`), -1 = padding. */
  readonly segmentIds: A;
}

/**
 * Segments of a row's q-th question (from 0) and of its answer. Where images see the question, it belongs to the
 * prefix, and there is one.
 */
export function segmentsOf(q: number, visibility: Visibility): { question: number; answer: number } {
  return imagesSeeQuestion(visibility) ? { question: 0, answer: 1 } : { question: q + 1, answer: q + 1 };
}

/** Columns [start, start + length) of every row. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

/**
 * What a family must know of an image's size beside its pixels: rows and columns of vision patches, or of
 * tiles where an image is cut into some (0 x 0: only the global view).
 */
export interface ImageShape {
  readonly rows: number;
  readonly columns: number;
}

/** One image of a row: its tokens' columns, in order (several spans where marks stand between tiles). */
export interface PlacedImage {
  readonly spans: readonly Span[];
  readonly shape: ImageShape;
}

/** The images of one row as it is, without padding. */
export interface RowLayout {
  readonly images: readonly PlacedImage[];
}

/** Room for one image: columns of its tokens, and its share of `pixelValues` along the first axis. */
export interface ImageRoom {
  readonly spans: readonly Span[];
  readonly pixels: number;
}

/**
 * Room for the images of a row, the same in every row of a batch: part of a compiled program. A row's own images may
 * be smaller or fewer; what they leave of the room is padding (segment -1).
 */
export interface ImageLayout {
  readonly images: readonly ImageRoom[];
}
