/** How large a picture may become on its way into a model, whatever its processor's settings ask for. */
import { mustBe } from "../../common/errors.ts";
import type { Size } from "../../common/image.ts";

/** Twice what the largest published settings allow. */
const mostPixels = 2 ** 25;
/** Tiles of one picture: seven times what published settings give. */
const mostTiles = 1024;

/** Throws a UserError for a size to which no picture is resized, padded or cropped. `step` says which of these. */
export function checkPixels(step: string, { width, height }: Size): void {
  if (width * height <= mostPixels) return;
  throw mustBe("image processor", step, `to at most ${mostPixels} pixels`, `${width} x ${height}`, hint);
}

export function checkTiles({ width, height }: Size, tile: number): void {
  const tiles = Math.ceil(width / tile) * Math.ceil(height / tile);
  if (tiles > mostTiles)
    throw mustBe("image processor", "tiles of a picture", `at most ${mostTiles}`, tiles, hint);
}

const hint = "see preprocessor_config.json";
