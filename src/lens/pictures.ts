import type { ImageGeometry, RgbImage } from "../common/image.ts";
import { fitPicture } from "./canvas.ts";
import { type ColourMap, colourMaps } from "./colour.ts";
import { drawFigure, type Panel, type Scale } from "./figure.ts";
import { overlay, paintMap, rangeOf } from "./heat.ts";
import type { LensSpace } from "./logit-lens.ts";

const largeSide = 384;
const smallSide = 192;

/** A map with the line that stands above it. */
export interface LabelledMap {
  readonly label: string;
  /** [N] in row order. */
  readonly values: ArrayLike<number>;
}

export interface MapFigure {
  readonly title: string;
  readonly subtitle: string;
  readonly image: RgbImage;
  readonly geometry: ImageGeometry;
  readonly maps: readonly LabelledMap[];
  /** Index of the map that is drawn large. */
  readonly chosen: number;
  readonly scale: Scale;
  /** Maps in a row of the grid; as many as fit without it. */
  readonly columns?: number;
}

/** Figure as PNG: the image and the chosen map large, then every map as a grid. */
export function drawMaps(figure: MapFigure): Buffer {
  const panel = ({ label, values }: LabelledMap, side: number): Panel => ({
    label,
    picture: heatPicture(figure.image, figure.geometry, values, figure.scale, side),
  });
  const { title, subtitle, image, scale, columns } = figure;
  const large = [
    { label: "image", picture: fitPicture(image, largeSide) },
    panel(figure.maps[figure.chosen], largeSide),
  ];
  const small = figure.maps.map((map) => panel(map, smallSide));
  return drawFigure({ title, subtitle, large, small, scale, columns });
}

/** One map over one image, in a view of about `side` pixels. */
export function heatPicture(
  image: RgbImage,
  geometry: ImageGeometry,
  values: ArrayLike<number>,
  scale: Pick<Scale, "colours" | "range">,
  side: number,
): RgbImage {
  const picture = fitPicture(image, side);
  return overlay(picture, paintMap(values, geometry, "nearest", picture), scale.colours, scale.range);
}

/** How the maps of a space become colours: drawn values, one scale for all of them. */
export function lensScale(
  space: LensSpace,
  maps: readonly ArrayLike<number>[],
): Scale & {
  readonly drawn: (values: ArrayLike<number>) => ArrayLike<number>;
} {
  const { colours, label, drawn, fromZero, reversed } = spaceLooks[space];
  const range = rangeOf(maps.map(drawn));
  const low = fromZero ? 0 : range.low;
  return {
    colours,
    label,
    drawn,
    range: reversed ? { low: range.high, high: range.low } : { low, high: range.high },
  };
}

/** The scale of attention maps: 0 to the highest value of all. */
export function attentionScale(maps: readonly ArrayLike<number>[]): Scale {
  return { colours: colourMaps.viridis, range: { low: 0, high: rangeOf(maps).high }, label: "attention" };
}

interface SpaceLook {
  readonly colours: ColourMap;
  readonly label: string;
  readonly drawn: (values: ArrayLike<number>) => ArrayLike<number>;
  readonly fromZero?: boolean;
  /** The lowest value is the strongest. */
  readonly reversed?: boolean;
}

const asIs = (values: ArrayLike<number>) => values;

const spaceLooks: Record<LensSpace, SpaceLook> = {
  probability: { colours: colourMaps.magma, label: "probability", drawn: asIs, fromZero: true },
  "log-probability": { colours: colourMaps.magma, label: "log prob.", drawn: asIs },
  logit: { colours: colourMaps.magma, label: "logit", drawn: asIs },
  rank: {
    colours: colourMaps.magma,
    label: "log10 rank",
    drawn: (values) => Array.from(values, Math.log10),
    reversed: true,
  },
};

/** "decoder input", "layer 1", ... */
export function layerName(layer: number): string {
  return layer === 0 ? "decoder input" : `layer ${layer}`;
}
