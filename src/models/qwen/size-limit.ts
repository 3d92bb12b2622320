import { mustBe } from "../../common/errors.ts";
import { allowedLimit, type LimitSize } from "../inputs/size-limit.ts";
import { parseQwenProcessor } from "./processor.ts";

/** `size.shortest_edge` and `size.longest_edge`, which are numbers of pixels here; no bound may pass the other one. */
export const limitPixels: LimitSize = (settings, limit) => {
  const { minPixels, maxPixels } = allowedLimit(limit, ["minPixels", "maxPixels"]);
  if (minPixels === undefined && maxPixels === undefined) return settings;
  const { size } = parseQwenProcessor(settings);
  if (size === null) throw mustBe("image size", "do_resize", "true for a limit", false);
  const most = maxPixels ?? Math.max(size.maxPixels, minPixels ?? 0);
  const least = minPixels ?? Math.min(size.minPixels, most);
  if (least > most) throw mustBe("image size", "minPixels", `at most maxPixels (${most})`, least);
  const { min_pixels: _, max_pixels: __, ...rest } = settings;
  return { ...rest, size: { shortest_edge: least, longest_edge: most } };
};
