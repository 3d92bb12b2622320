/** Masks as pictures: over the photo, and on a sheet beside the map that they were cut from. */
import type { ImageGeometry, RgbImage } from "../../common/image.ts";
import type { Display } from "../../models/inputs/images.ts";
import { type ColourMap, colourMaps } from "../colour.ts";
import { paintMap, type Upsampling } from "../heat.ts";
import { type BinaryMask, maskAtLeast } from "../mask.ts";
import { maskedPicture } from "../masked.ts";
import { linearScale, type Scale } from "../scale.ts";
import { fitPicture } from "./canvas.ts";
import { capital, drawSheet, pictureItem } from "./figure.ts";
import { mapItem, viewOf } from "./pictures.ts";

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
  const picture = fitPicture(image, Math.max(smallest, image.width, image.height));
  return maskedPicture(picture, maskAt(cut, picture));
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
    pictureItem(maskedPicture(view.picture, maskAt(cut, view.picture)), { label }),
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
