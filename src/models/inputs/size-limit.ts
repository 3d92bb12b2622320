/**
 * A limit on the size of pictures, written into preprocessor_config.json by the fields that Python's processors read
 * too, so that both see the same pixels. A family says which of these its processor has (`ModelFamily.limitSize`).
 */
import { mustBe } from "../../common/errors.ts";
import type { Json } from "../../hub/text/tokenizer.ts";

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

/** Pictures of one size have none to limit. */
export const noLimit: LimitSize = (settings, limit) => {
  allowedLimit(limit, []);
  return settings;
};

const fields = ["minPixels", "maxPixels", "longestEdge", "tiles"] as const;

/** Throws where a limit is given that is not one of these, or not a whole number from 1 on. */
export function allowedLimit(limit: SizeLimit, names: readonly (keyof SizeLimit)[]): SizeLimit {
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
