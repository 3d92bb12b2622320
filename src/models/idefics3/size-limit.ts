import { mustBe } from "../../common/errors.ts";
import { allowedLimit, type LimitSize } from "../inputs/size-limit.ts";
import { parseIdefics3Processor } from "./processor.ts";

/** `size.longest_edge`, to which pictures are resized whatever their size, and `do_image_splitting`. */
export const limitTiles: LimitSize = (settings, limit) => {
  const { longestEdge, tiles } = allowedLimit(limit, ["longestEdge", "tiles"]);
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
