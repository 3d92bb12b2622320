import type { RgbImage } from "../../common/image.ts";
import { coverage } from "../../grounding/coverage.ts";
import { gridGeometry } from "../../grounding/geometry.ts";
import type { Region } from "../../grounding/region.ts";
import type { BinaryMask } from "../../lens/mask.ts";
import { fitPicture } from "../../lens/sheets/canvas.ts";

const side = 256;
const outline = [255, 255, 255];

/**
 * The picture inside the mask as it is, outside dark and grey; the truth's outline in white where it is
 * known.
 */
export function maskPicture(image: RgbImage, mask: BinaryMask, regions: readonly Region[]): RgbImage {
  const picture = fitPicture(image, side);
  const { width, height } = picture;
  const truth = truthOf(regions, image);
  const at = (values: ArrayLike<number>, x: number, y: number) =>
    values[Math.floor((y * image.height) / height) * image.width + Math.floor((x * image.width) / width)];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = 3 * (y * width + x);
      const inside = at(mask.data, x, y) === 1;
      const [r, g, b] = picture.data.subarray(i, i + 3);
      const grey = 0.35 * (0.2126 * r + 0.7152 * g + 0.0722 * b);
      data.set(inside ? [r, g, b] : [grey, grey, grey], i);
      if (truth !== undefined && onOutline(x, y, (u, v) => at(truth, u, v), width, height))
        data.set(outline, i);
    }
  return { width, height, data };
}

/** 1 for every pixel of the original that some region covers at least half. */
function truthOf(regions: readonly Region[], image: RgbImage): Uint8Array | undefined {
  if (regions.length === 0) return undefined;
  const truth = new Uint8Array(image.width * image.height);
  for (const region of regions)
    for (const [i, share] of coverage(region, gridGeometry(image, 1)).entries())
      if (share >= 0.5) truth[i] = 1;
  return truth;
}

/** How far outside the truth the outline reaches, in pixels of the view. */
const thickness = 3;

/** Just outside the truth: not inside, but a pixel near by is. */
function onOutline(
  x: number,
  y: number,
  inside: (x: number, y: number) => number,
  width: number,
  height: number,
): boolean {
  if (inside(x, y) === 1) return false;
  for (let v = Math.max(0, y - thickness); v <= Math.min(height - 1, y + thickness); v++)
    for (let u = Math.max(0, x - thickness); u <= Math.min(width - 1, x + thickness); u++)
      if (inside(u, v) === 1) return true;
  return false;
}
