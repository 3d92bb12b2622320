/** What the page and the worker that trains say to each other. */
import type { ImageGeometry, RgbImage } from "../../common/image.ts";
import type { Region } from "../../grounding/region.ts";
import type { Failure } from "../models/messages.ts";
import type { Loading } from "../models/model.ts";
import type { Recipe } from "./recipe.ts";

/** From the page to the worker. */
export type ToTrainer =
  | { readonly start: TrainingStart }
  | { readonly pause: boolean }
  /** Gives the model's folder as it is now. */
  | { readonly save: number };

export interface TrainingStart {
  readonly recipe: Recipe;
  /** Address of the folder whose config, words and, unless it starts from nothing, weights it has. */
  readonly folder: string;
  /** Address of the packed cut-outs. */
  readonly cutOuts: string;
  /** Where the files of ONNX Runtime lie. */
  readonly assets: string;
  readonly threads?: number;
}

/** One of the pictures that are watched. */
export interface Watched {
  readonly image: RgbImage;
  readonly word: string;
  /** Where it is, in pixels. */
  readonly regions: readonly Region[];
  readonly question: string;
  /** The grid of its maps. */
  readonly geometry: ImageGeometry;
}

/** A picture at one moment of the training. */
export interface WatchedMaps {
  /** [N] probability of its word, last layer. */
  readonly lens: Float32Array;
  /** [N] the likeliest word of each patch and its probability, last layer. */
  readonly words: readonly string[];
  readonly certainty: Float32Array;
  /** [N] where the answer to its question looks, last layer that attends; sum 1. */
  readonly attention: Float32Array;
  readonly answer: string;
  /** Mean probability of the word on the patches that show it, and on all others. */
  readonly on: number;
  readonly off: number;
  /** Share of the attention on the image that lies on the word's region. */
  readonly onTarget: number;
}

/** The four pictures after a step. */
export interface Moment {
  readonly step: number;
  /** Of training, pauses left out. */
  readonly seconds: number;
  readonly maps: readonly WatchedMaps[];
}

/** Lens against the truth on held-out scenes: means over the things that show. */
export interface HeldOutScore {
  readonly step: number;
  readonly seconds: number;
  readonly scenes: number;
  readonly iou: number;
  readonly pointing: number;
}

/** Losses of a step, before it. */
export interface StepLosses {
  readonly step: number;
  readonly seconds: number;
  readonly loss: number;
  readonly parts: Readonly<Record<string, number>>;
}

/** From the worker to the page. */
export type FromTrainer =
  | { readonly loading: Loading }
  | { readonly watched: readonly Watched[] }
  | { readonly losses: StepLosses }
  | { readonly moment: Moment }
  | { readonly score: HeldOutScore }
  /** After this step. */
  | { readonly paused: number }
  | { readonly failed: Failure }
  | {
      readonly saved: number;
      readonly files?: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
      readonly problem?: string;
    };
