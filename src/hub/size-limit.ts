/**
 * A limit on the size of pictures, written into preprocessor_config.json by the fields that Python's processors read
 * too, so that both see the same pixels. A family says which of these its processor has (`ModelFamily.limitSize`).
 *
 *     limitPixels(settings, limit)       Qwen's: pixels of the whole picture
 *     limitTiles(settings, limit)        Idefics3's and SmolVLM's: the longest edge, in pixels or in tiles
 *     noLimit(settings, limit)           towers with one size of picture
 */
import { mustBe } from "../common/errors.ts";
import { parseIdefics3Processor } from "./processors/idefics3.ts";
import { parseQwenProcessor } from "./processors/qwen.ts";
import type { Json } from "./tokenizer.ts";

/** What is left out stays as the folder has it. */
export interface SizeLimit {
  /** Pixels of the whole picture after resizing: at least, at most. */
  readonly minPixels?: number;
  readonly maxPixels?: number;
  /** Pixels of the longer side after resizing. */
  readonly longestEdge?: number;
  /** Tiles along the longer side; 1: the whole picture alone. */
  readonly tiles?: number;
}

/** New settings; throws a UserError for a limit that this processor has no field for. */
export type LimitSize = (settings: Json, limit: SizeLimit) => Json;

/** `size.shortest_edge` and `size.longest_edge`, which are numbers of pixels here; no bound may pass the other one. */
export const limitPixels: LimitSize = (settings, limit) => {
  const { minPixels, maxPixels } = allowed(limit, ["minPixels", "maxPixels"]);
  if (minPixels === undefined && maxPixels === undefined) return settings;
  const { size } = parseQwenProcessor(settings);
  if (size === null) throw mustBe("image size", "do_resize", "true for a limit", false);
  const most = maxPixels ?? Math.max(size.maxPixels, minPixels ?? 0);
  const least = minPixels ?? Math.min(size.minPixels, most);
  if (least > most) throw mustBe("image size", "minPixels", `at most maxPixels (${most})`, least);
  const { min_pixels: _, max_pixels: __, ...rest } = settings;
  return { ...rest, size: { shortest_edge: least, longest_edge: most } };
};

/** `size.longest_edge`, to which pictures are resized whatever their size, and `do_image_splitting`. */
export const limitTiles: LimitSize = (settings, limit) => {
  const { longestEdge, tiles } = allowed(limit, ["longestEdge", "tiles"]);
  if (longestEdge !== undefined && tiles !== undefined)
    throw mustBe("image size", "tiles", "left out where longestEdge is given", tiles);
  const { tile, resize } = parseIdefics3Processor(settings);
  const edge = longestEdge ?? (tiles === undefined ? undefined : tiles * tile);
  if (edge === undefined) return settings;
  if (resize === null) throw mustBe("image size", "do_resize", "true for a limit", false);
  return {
    ...settings,
    size: { longest_edge: edge },
    ...(tiles !== undefined && { do_image_splitting: tiles > 1 }),
  };
};

/** Pictures of one size have none to limit. */
export const noLimit: LimitSize = (settings, limit) => {
  allowed(limit, []);
  return settings;
};

const fields = ["minPixels", "maxPixels", "longestEdge", "tiles"] as const;

/** Throws where a limit is given that is not one of these, or not a whole number from 1 on. */
function allowed(limit: SizeLimit, names: readonly (keyof SizeLimit)[]): SizeLimit {
  for (const name of fields) {
    const value = limit[name];
    if (value === undefined) continue;
    if (!names.includes(name))
      throw mustBe(
        "image size",
        "limit",
        names.join(" or ") || "none: this model has one size of picture",
        name,
      );
    if (!Number.isInteger(value) || value < 1)
      throw mustBe("image size", name, "a whole number from 1 on", value);
  }
  return limit;
}
