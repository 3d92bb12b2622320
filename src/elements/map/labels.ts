/** Words on a map: each region's once, at its middle, the larger regions first; a word without room is left out. */
import type { ImageGeometry } from "../../common/image.ts";
import { type Canvas2d, type Fit, gridRect } from "./fit.ts";
import type { WordRegion } from "./regions.ts";

/** Sizes of letters, in CSS pixels: of regions, and of single patches. */
const [large, small] = [13, 9.5];

/** A rectangle on the canvas. */
interface Placed {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export function drawLabels(
  context: Canvas2d,
  geometry: ImageGeometry,
  {
    regions,
    fit,
    font,
  }: { readonly regions: readonly WordRegion[]; readonly fit: Fit; readonly font: string },
): void {
  if (regions.length === 0) return;
  const [left, top, right, bottom] = gridRect(geometry, fit);
  const { rows, columns } = geometry.grid;
  const [x, y] = [(right - left) / columns, (bottom - top) / rows];
  const placed: Placed[] = [];
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  for (const { word, at, run, patches } of regions) {
    const size = fit.ratio * (patches.length > 1 ? large : small);
    context.font = `600 ${size}px ${font}`;
    const width = context.measureText(word).width;
    if (width > (run + 0.7) * x || size > 1.1 * y) continue;
    const middle = [
      Math.min(fit.width - width / 2 - 2, Math.max(width / 2 + 2, left + at[0] * x)),
      top + at[1] * y,
    ];
    const box = boxAround(middle[0], middle[1], width, size);
    if (placed.some((other) => overlap(box, other))) continue;
    placed.push(box);
    write(context, word, middle[0], middle[1], fit);
  }
}

function boxAround(x: number, y: number, width: number, height: number): Placed {
  return { left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2 };
}

function overlap(a: Placed, b: Placed): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function write(context: Canvas2d, word: string, x: number, y: number, { ratio }: Fit): void {
  context.strokeStyle = "rgb(20 20 19 / 0.8)";
  context.lineWidth = 2.5 * ratio;
  context.strokeText(word, x, y);
  context.fillStyle = "#ffffff";
  context.fillText(word, x, y);
}
