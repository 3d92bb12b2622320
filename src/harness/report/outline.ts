import type { MaskRegion } from "../../grounding/region.ts";
import { decodeMask } from "../../grounding/rle.ts";

/** Cells along the longer side of the raster whose edges are drawn: fine enough to look smooth, small on a page. */
const finest = 160;

/** The edges of a mask as an SVG path in the picture's pixels; empty for a mask without pixels. */
export function maskOutline(mask: MaskRegion): string {
  const { step, columns, rows, inside } = reduced(mask);
  const [height, width] = mask.size;
  const at = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < columns && y < rows && inside[y * columns + x] === 1;
  const place = (value: number, most: number) => Math.min(most, value * step);
  let path = "";
  // Edges above and below, then left and right, each as long as it goes on.
  for (let y = 0; y <= rows; y++)
    for (let x = 0; x < columns; x++) {
      const start = x;
      while (x < columns && at(x, y) !== at(x, y - 1)) x++;
      if (x > start) path += `M${place(start, width)},${place(y, height)}H${place(x, width)}`;
    }
  for (let x = 0; x <= columns; x++)
    for (let y = 0; y < rows; y++) {
      const start = y;
      while (y < rows && at(x, y) !== at(x - 1, y)) y++;
      if (y > start) path += `M${place(x, width)},${place(start, height)}V${place(y, height)}`;
    }
  return path;
}

/** A coarser mask: a cell is inside when any of its pixels is, so that nothing thin is lost. */
function reduced(mask: MaskRegion) {
  const [height, width] = mask.size;
  const step = Math.max(1, Math.ceil(Math.max(height, width) / finest));
  const [columns, rows] = [Math.ceil(width / step), Math.ceil(height / step)];
  const inside = new Uint8Array(columns * rows);
  const pixels = decodeMask(mask);
  for (let i = 0; i < pixels.length; i++)
    if (pixels[i] === 1) {
      const [x, y] = [i % width, Math.floor(i / width)];
      inside[Math.floor(y / step) * columns + Math.floor(x / step)] = 1;
    }
  return { step, columns, rows, inside };
}
