import type { NdArray } from "../engine/array.ts";

/** What a vision-language model reads. B images, S sequence positions, N image tokens; X, Y pixels. */
export interface ModelInputs<A = NdArray> {
  /** [B, 3, Y, X] float32, preprocessed. */
  readonly pixelValues: A;
  /** [B, S] int32 */
  readonly inputIds: A;
  /** [B, S] int32, positions for the rotary embedding. */
  readonly positionIds: A;
  /** [B, S] int32: 0 = shared prefix, q > 0 = the q-th packed question, -1 = padding. */
  readonly segmentIds: A;
}

/** Image tokens stand in columns [imageStart, imageStart + imageTokens) of every row. */
export interface ImageColumns {
  readonly imageStart: number;
  readonly imageTokens: number;
}
