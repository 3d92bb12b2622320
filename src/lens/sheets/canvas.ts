import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Canvas, SKRSContext2D } from "@napi-rs/canvas";
import type { RgbImage } from "../../common/image.ts";
import { requireOptional } from "../../common/optional.ts";
import { rgbaOf } from "../rgba.ts";
import { isPixelwise, viewFactor } from "../view.ts";

export type Pen = SKRSContext2D;

const require = createRequire(import.meta.url);

/** The package that draws: loaded when something is drawn, for it is native code and may be left out of an install. */
export function canvasPackage(): typeof import("@napi-rs/canvas") {
  return requireOptional(() => require("@napi-rs/canvas"));
}

const family = "Fovea Sans";

/**
 * An empty canvas whose text looks the same on every machine, also one without fonts: text is drawn with
 * Inter (SIL Open Font Licence), read from the npm package @fontsource/inter.
 */
export function newCanvas(width: number, height: number, background: string): { canvas: Canvas; pen: Pen } {
  registerFonts();
  const canvas = canvasPackage().createCanvas(width, height);
  const pen = canvas.getContext("2d");
  pen.fillStyle = background;
  pen.fillRect(0, 0, width, height);
  pen.textBaseline = "alphabetic";
  return { canvas, pen };
}

export function setFont(pen: Pen, pixels: number, weight: "regular" | "bold" = "regular"): void {
  const name = weight === "bold" ? `${family} Bold` : family;
  pen.font = `${pixels}px ${JSON.stringify(name)}, sans-serif`;
}

let registered = false;

// All alphabets in one family: a letter that the first file lacks comes from the next, then from the machine's fonts.
function registerFonts(): void {
  if (registered) return;
  const { GlobalFonts } = canvasPackage();
  for (const subset of ["latin", "latin-ext", "greek", "cyrillic", "vietnamese"])
    for (const [weight, name] of [
      ["400", family],
      ["600", `${family} Bold`],
    ])
      GlobalFonts.register(readFileSync(fontFile(subset, weight)), name);
  registered = true;
}

function fontFile(subset: string, weight: string): string {
  return requireOptional(() =>
    require.resolve(`@fontsource/inter/files/inter-${subset}-${weight}-normal.woff2`),
  );
}

/** Draws a picture at its own size with its top left corner at (x, y). */
export function drawPicture(pen: Pen, picture: RgbImage, x: number, y: number): void {
  const pixels = pen.createImageData(picture.width, picture.height);
  pixels.data.set(rgbaOf(picture).data);
  pen.putImageData(pixels, x, y);
}

/** A picture for a view whose longer side is about `side` pixels, as {@link viewFactor} says. */
export function fitPicture(picture: RgbImage, side: number): RgbImage {
  const factor = viewFactor(picture, side);
  return resized(picture, factor, !isPixelwise(factor));
}

/** A picture of `factor` times the size, smooth or pixel by pixel. */
export function resized(picture: RgbImage, factor: number, smooth: boolean): RgbImage {
  const width = Math.max(1, Math.round(picture.width * factor));
  const height = Math.max(1, Math.round(picture.height * factor));
  if (width === picture.width && height === picture.height) return picture;
  const { createCanvas } = canvasPackage();
  const whole = createCanvas(picture.width, picture.height);
  drawPicture(whole.getContext("2d"), picture, 0, 0);
  const pen = createCanvas(width, height).getContext("2d");
  pen.imageSmoothingEnabled = smooth;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(whole, 0, 0, width, height);
  return withoutAlpha(pen.getImageData(0, 0, width, height));
}

function withoutAlpha(pixels: { width: number; height: number; data: Uint8ClampedArray }): RgbImage {
  const data = new Uint8Array(pixels.width * pixels.height * 3);
  for (let i = 0; i < pixels.width * pixels.height; i++)
    data.set(pixels.data.subarray(4 * i, 4 * i + 3), 3 * i);
  return { width: pixels.width, height: pixels.height, data };
}
