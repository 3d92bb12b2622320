/** A cut-out as a small picture for a canvas. */
import type { CutOut } from "../../../../data/assets/cutout.ts";

/** Draws a cut-out in the middle of a square canvas, on nothing. */
export function drawThumbnail(canvas: HTMLCanvasElement, { levels }: CutOut): void {
  const level = levels.find(({ data }) => data.length > 0);
  if (level === undefined) return;
  const { width, height, data } = level;
  const side = Math.max(width, height);
  canvas.width = canvas.height = side;
  const pixels = new ImageData(width, height);
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3];
    for (let c = 0; c < 3; c++) pixels.data[i + c] = alpha === 0 ? 0 : (data[i + c] * 255) / alpha;
    pixels.data[i + 3] = alpha;
  }
  canvas
    .getContext("2d")
    ?.putImageData(pixels, Math.floor((side - width) / 2), Math.floor((side - height) / 2));
}
