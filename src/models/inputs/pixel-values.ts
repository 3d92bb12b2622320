/** What image processors of several families share: their settings, and what a colour's levels become. */
import type { Size } from "../../common/image.ts";
import type { CommonSettings } from "../../hub/image/fields.ts";
import type { FilterNumber } from "../../hub/image/resample.ts";

/** What the JSON says, in camelCase, every default filled in. */
export interface ImageProcessor {
  /** Pad to a square with this colour, before anything else (LLaVA's own processor); null: not. */
  readonly pad: Rgb | null;
  /** null: no resize. */
  readonly resize: ResizeRule | null;
  readonly resample: FilterNumber;
  readonly crop: Size | null;
  /** Values are multiplied by this, then normalised; null: not. */
  readonly rescale: number | null;
  readonly normalise: { readonly mean: Rgb; readonly std: Rgb } | null;
}

/**
 * To a fixed size; or with the aspect kept, to a shortest edge (a longest one at most), or as large as fits into a height
 * and a width.
 */
export type ResizeRule =
  | Size
  | { readonly shortestEdge: number; readonly longestEdge?: number }
  | { readonly maxHeight: number; readonly maxWidth: number };

export type Rgb = readonly [number, number, number];

/** Means and deviations of CLIP's training images. */
export const clipNormalise = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
} as const;

/** What a file's settings make of the levels; a mean or a deviation that it leaves out is the `usual` one. */
export function valueRules(
  settings: CommonSettings,
  usual: { readonly mean: Rgb; readonly std: Rgb },
): Pick<ImageProcessor, "rescale" | "normalise"> {
  const { do_rescale, rescale_factor, do_normalize, image_mean, image_std } = settings;
  return {
    rescale: (do_rescale ?? true) ? (rescale_factor ?? 1 / 255) : null,
    normalise:
      (do_normalize ?? true) ? { mean: image_mean ?? usual.mean, std: image_std ?? usual.std } : null,
  };
}

/** What each of the 256 levels of a channel becomes. */
export function levels(
  { rescale, normalise }: Pick<ImageProcessor, "rescale" | "normalise">,
  channel: number,
): Float32Array {
  const round = Math.fround;
  return Float32Array.from({ length: 256 }, (_, level) => {
    const value = round(level * (rescale ?? 1));
    if (normalise === null) return value;
    return round(round(value - round(normalise.mean[channel])) / round(normalise.std[channel]));
  });
}

/** As Python's `round`. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  return x - below === 0.5 ? below + (below % 2) : Math.round(x);
}
