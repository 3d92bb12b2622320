/** Where a concept's map becomes a mask: the rule of `fovea segment`. */
import type { Size } from "../common/image.ts";
import { saidAt } from "./findings.ts";
import { paintMap } from "./heat.ts";
import type { LensResult } from "./logit-lens.ts";
import { type BinaryMask, maskAtLeast, otsuThreshold } from "./mask.ts";

/** Where the map is cut, and why there. */
export interface Cut {
  /** Undefined: nowhere, the mask is empty. */
  readonly threshold?: number;
  readonly by: "given" | "otsu" | "learnt";
  /** Whether the model says the word, whatever the mask. */
  readonly said: boolean;
  /** For the sentence. */
  readonly learnt?: number;
}

/** Which layer's map is cut, and where. */
export interface CutOptions {
  /** 0 to L; default the last. */
  readonly layer?: number;
  /**
   * A number cuts there, "otsu" in any case. "auto", the default: at the learnt threshold; without one at Otsu's where the
   * word is the likeliest somewhere, else nowhere.
   */
  readonly threshold?: number | "otsu" | "auto";
  /** A threshold that was learnt for this layer's probabilities. */
  readonly learnt?: number;
}

/** How concept k of a result is cut out; the result has ranks, and probabilities where a threshold was learnt. */
export function cutOf(result: LensResult, k: number, options: CutOptions = {}): Cut {
  const { layer = result.layers.length - 1, threshold: wanted = "auto", learnt } = options;
  if (wanted === "auto" && learnt !== undefined)
    return { threshold: learnt, by: "learnt", said: saidAt(result, k, layer, learnt), learnt };
  const said = saidAt(result, k, layer);
  if (typeof wanted === "number") return { threshold: wanted, by: "given", said };
  if (wanted === "auto" && !said) return { by: "otsu", said };
  const threshold = otsuThreshold(result.layers[layer].maps[k]);
  // Otsu finds no cut in a map that is the same everywhere.
  return { by: "otsu", said, ...(Number.isFinite(threshold) && { threshold }) };
}

/** Where a concept is cut out, and how large its mask is. */
export interface ConceptMaskOptions extends CutOptions {
  /** Of the mask, in pixels; default the original picture's. */
  readonly size?: Size;
}

/** The mask of concept k over the whole picture, [height, width], 1 = concept; empty where it is cut nowhere. */
export function conceptMask(result: LensResult, k: number, options: ConceptMaskOptions = {}): BinaryMask {
  const { layer = result.layers.length - 1, size } = options;
  const { threshold = Number.POSITIVE_INFINITY } = cutOf(result, k, options);
  return maskAtLeast(paintMap(result.layers[layer].maps[k], result.geometry, "bilinear", size), threshold);
}
