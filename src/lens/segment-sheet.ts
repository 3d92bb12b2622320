/** Masks as pictures: over the photo, and on a sheet beside the map that they were cut from. */
import type { ImageGeometry, RgbImage } from "../common/image.ts";
import type { Display } from "../models/inputs/images.ts";
import { fitPicture } from "./canvas.ts";
import { type ColourMap, colourMaps } from "./colour.ts";
import { capital, drawSheet, pictureItem } from "./figure.ts";
import { paintMap, type Upsampling } from "./heat.ts";
import { type BinaryMask, maskAtLeast } from "./mask.ts";
import { mapItem, viewOf } from "./pictures.ts";
import { linearScale, type Scale } from "./scale.ts";

/** A map and the threshold at which it is cut; without one the mask is empty. */
export interface CutMap {
  readonly image: RgbImage;
  readonly geometry: ImageGeometry;
  readonly tiles: Display["tiles"];
  readonly values: Float32Array;
  readonly threshold?: number;
  readonly upsampling: Upsampling;
  readonly colours?: ColourMap;
}

/** The mask at a size of the whole picture. */
function maskAt({ values, geometry, threshold, upsampling }: CutMap, size: RgbImage): BinaryMask {
  const raster = paintMap(values, geometry, upsampling, { width: size.width, height: size.height });
  return maskAtLeast(raster, threshold ?? Number.POSITIVE_INFINITY);
}

const smallest = 640;
const largeSide = 506;

/** The photo at its own size (small ones enlarged), what the mask leaves out paler and grey, with the mask's outline. */
export function maskOverlay(cut: CutMap): RgbImage {
  const { image } = cut;
  return withMask(fitPicture(image, Math.max(smallest, image.width, image.height)), cut);
}

/** A mask on a photo: inside as it is, outside in pale grey, a red line in a white one along its border. */
function withMask(picture: RgbImage, cut: CutMap): RgbImage {
  const mask = maskAt(cut, picture);
  const data = Uint8Array.from(picture.data);
  const width = Math.max(2, Math.round(Math.max(picture.width, picture.height) / 320));
  for (let i = 0; i < mask.data.length; i++) {
    if (mask.data[i] === 1) continue;
    const [r, g, b] = picture.data.subarray(3 * i, 3 * i + 3);
    const grey = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    for (let c = 0; c < 3; c++)
      data[3 * i + c] = Math.round(110 + 0.5 * (0.75 * grey + 0.25 * picture.data[3 * i + c]));
  }
  drawOutline(data, mask, 2 * width, [255, 255, 255]);
  drawOutline(data, mask, width, outline);
  return { ...picture, data };
}

const outline = [168, 20, 10] as const;

/** Colours the pixels outside a mask that are at most `reach` pixels from it, along rows and columns. */
function drawOutline(data: Uint8Array, mask: BinaryMask, reach: number, colour: readonly number[]): void {
  const near = spread(mask, reach);
  for (let i = 0; i < mask.data.length; i++) if (mask.data[i] === 0 && near[i] === 1) data.set(colour, 3 * i);
}

/** A mask grown by a square of `reach` pixels on each side. */
function spread({ width, height, data }: BinaryMask, reach: number): Uint8Array {
  const across = new Uint8Array(data.length);
  const result = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue;
    const [x, row] = [i % width, i - (i % width)];
    across.fill(1, row + Math.max(0, x - reach), row + Math.min(width, x + reach + 1));
  }
  for (let y = 0; y < height; y++)
    for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++)
      for (let x = 0; x < width; x++) result[y * width + x] |= across[v * width + x];
  return result;
}

export interface SegmentTexts {
  readonly concept: string;
  readonly sentence: string;
  readonly subtitle: string;
}

/** The overlay beside the map, as PNG. */
export function segmentSheet(cut: CutMap, { concept, sentence, subtitle }: SegmentTexts): Buffer {
  const scale = scaleOf(cut);
  const view = viewOf(cut.image, largeSide);
  const label = cut.threshold === undefined ? "the mask is empty" : "mask";
  const items = [
    pictureItem(withMask(view.picture, cut), { label }),
    mapItem(
      view,
      { geometry: cut.geometry, tiles: cut.tiles, paint: scale },
      { label: "probability", values: cut.values },
    ),
  ];
  return drawSheet({ title: concept, sentence: capital(sentence), subtitle, rows: [{ items, scale }] });
}

function scaleOf({ threshold, colours = colourMaps.heat }: CutMap): Scale {
  const scale = linearScale("probability", 0, 1, colours);
  if (threshold === undefined) return scale;
  return { ...scale, label: `probability; the mask begins at ${threshold.toPrecision(2)}` };
}
