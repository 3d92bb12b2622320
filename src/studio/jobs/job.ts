/**
 * What Studio asks of a model: a closed list of jobs, plain data in, plain data out. A job is done the same way wherever
 * the model is: in a worker of the page, or in a thread of the server.
 */
import type { Asking } from "../../answers/families.ts";
import type { RgbImage } from "../../common/image.ts";
import type { AttentionOptions, AttentionResult } from "../../lens/attention.ts";
import type { Glance, GlanceOptions } from "../../lens/glance.ts";
import type { LensOptions, LensResult } from "../../lens/logit-lens.ts";
import type { Reply } from "../../vlm/ask.ts";
import type { KnockOutJob } from "./knock-out.ts";
import type { LocalityJob } from "./locality.ts";
import type { RelevanceJob } from "./relevance.ts";
import type { WordsJob } from "./words.ts";

/** Jobs by their names. */
export interface Jobs {
  /**
   * Everything that follows a picture while it is dragged: the maps of words at every layer, the likeliest words of each
   * patch, and for each question the answer and where it looks.
   */
  readonly glance: {
    readonly given: { readonly picture: RgbImage } & GlanceOptions;
    readonly result: Glance;
  };
  /** The maps of words at every layer, and the likeliest words of each patch. */
  readonly lens: {
    readonly given: {
      readonly picture: RgbImage;
      readonly words: readonly string[];
      readonly options?: LensOptions;
    };
    readonly result: LensResult;
  };
  /** The answer, and where each of its tokens looks; on wish the question's tokens too. */
  readonly attention: {
    readonly given: { readonly picture: RgbImage; readonly question: string } & AttentionOptions;
    readonly result: AttentionResult;
  };
  readonly words: WordsJob;
  readonly knockOut: KnockOutJob;
  readonly locality: LocalityJob;
  readonly relevance: RelevanceJob;
  /** The answer alone. */
  readonly ask: {
    readonly given: { readonly picture: RgbImage; readonly question: string; readonly maxNewTokens?: number };
    readonly result: Reply;
  };
}

export type JobKind = keyof Jobs;
export type Given<K extends JobKind> = Jobs[K]["given"];
export type Result<K extends JobKind> = Jobs[K]["result"];

/** What a page knows of an open model before it asks it anything. */
export interface ModelCard {
  /** How people call it. */
  readonly name: string;
  /** The folder or address that it was opened from, as commands take it. */
  readonly folder: string;
  /** `model_type` of its config. */
  readonly family: string;
  readonly parameters: number;
  /** Decoder layers L; layer 0 is the decoder's input. */
  readonly layers: number;
  /** Layers that attend, from 1. */
  readonly attentionLayers: readonly number[];
  readonly vocabulary: number;
  /** How it is asked and writes places: what its answers are read by. */
  readonly asking: Asking;
  /** Where it runs: "page, wasm", "server". */
  readonly runsOn: string;
  /** The probability from which on a patch says a word, where one was learnt for its last layer. */
  readonly threshold?: number;
  /** The probability from which on a pixel is part of a word's mask, learnt beside `threshold`. */
  readonly pixelThreshold?: number;
}
