/** What a model said and showed about one image. */
import type { ImageGeometry } from "../common/image.ts";
import type { Example } from "../data/example.ts";

/** One image with what the model said and showed about it. */
export interface Item {
  readonly image: number;
  readonly example: Example;
  readonly geometry: ImageGeometry;
  /** By question. */
  readonly answers: readonly { readonly text: string; readonly ended: boolean }[];
  /** By question, query ("predicting" the first answer token, or the last answer token itself) and layer. */
  readonly attention: readonly (readonly AttentionOfQuery[])[];
  /** By concept and layer (0 = decoder input): probability [N], mean of the word's log-probabilities. */
  readonly lens: readonly (readonly Float32Array[])[];
}

/** Attention over the image of one query, by layer, mean of the heads. */
export interface AttentionOfQuery {
  readonly query: "predicting" | "last-answer";
  /** Of the layers that have attention; `layer` counts from 1. */
  readonly layers: readonly {
    readonly layer: number;
    readonly map: Float32Array;
    readonly share: number;
  }[];
}
