/** A map as elements take it: whole, or as plain data of a page, an attribute or a notebook. */
import { mustBe } from "../../common/errors.ts";
import type { ImageGeometry, Size } from "../../common/image.ts";
import { gridGeometry } from "../../grounding/geometry.ts";
import { type ColourMapName, colourMaps } from "../../lens/colour.ts";
import { linearScale, logProbabilityScale, rankScale, type Scale, shareScale } from "../../lens/scale.ts";

/** A map ready to be drawn. */
export interface ShownMap {
  /** [N] in row order of the grid. */
  readonly values: ArrayLike<number>;
  readonly geometry: ImageGeometry;
  readonly scale: Scale;
}

/** A scale by its name, as plain data has it: `V` words of a vocabulary, `N` places. */
export type PlainScale =
  | { readonly kind: "probability" }
  | { readonly kind: "share"; readonly N: number }
  | { readonly kind: "rank"; readonly V: number }
  | { readonly kind: "log-probability"; readonly V: number }
  | { readonly kind: "linear"; readonly label: string; readonly low: number; readonly high: number };

/** A map as plain data: without a geometry the grid covers the picture evenly, without a scale values are probabilities. */
export interface PlainMap {
  /** [N] in row order, or [rows][columns]. */
  readonly values: ArrayLike<number> | readonly (readonly number[])[];
  readonly rows?: number;
  readonly columns?: number;
  readonly geometry?: ImageGeometry;
  readonly scale?: Scale | PlainScale;
}

const scales: { readonly [K in PlainScale["kind"]]: (given: Extract<PlainScale, { kind: K }>) => Scale } = {
  probability: () => linearScale("probability", 0, 1),
  share: ({ N }) => shareScale(N),
  rank: ({ V }) => rankScale(V),
  "log-probability": ({ V }) => logProbabilityScale(V),
  linear: ({ label, low, high }) => linearScale(label, low, high),
};

/** The scale of plain data; a scale stays what it is. */
export function scaleFrom(given: Scale | PlainScale = { kind: "probability" }): Scale {
  if ("at" in given) return given;
  const make = (scales as Record<string, ((given: PlainScale) => Scale) | undefined>)[given.kind];
  if (make === undefined) throw mustBe("map", "scale.kind", Object.keys(scales).join(", "), given.kind);
  return make(given);
}

/** The same scale in other colours. */
export function inColours(scale: Scale, name: ColourMapName | undefined): Scale {
  return name === undefined ? scale : { ...scale, colours: colourMaps[name] };
}

/** A map from what was given; `picture` is the size of the picture that it lies on. */
export function mapFrom(given: ShownMap | PlainMap, picture: Size | undefined): ShownMap {
  const { values, rows, columns } = flat(given);
  const geometry = given.geometry ?? evenGeometry(rows, columns, picture);
  const { grid } = geometry;
  if (values.length !== grid.rows * grid.columns)
    throw mustBe("map", "values", `${grid.rows} x ${grid.columns} numbers`, values.length);
  return { values, geometry, scale: scaleFrom(given.scale) };
}

function flat(given: ShownMap | PlainMap): { values: ArrayLike<number>; rows: number; columns: number } {
  const { values } = given;
  if (isNested(values)) return { values: values.flat(), rows: values.length, columns: values[0].length };
  const { rows, columns } = { rows: undefined, columns: undefined, ...given };
  const side = Math.round(Math.sqrt(values.length));
  return { values, rows: rows ?? values.length / (columns ?? side), columns: columns ?? side };
}

function isNested(values: PlainMap["values"]): values is readonly (readonly number[])[] {
  return Array.isArray(values) && Array.isArray(values[0]);
}

/** A grid that covers a picture evenly; without a picture each patch is a pixel. */
function evenGeometry(rows: number, columns: number, picture: Size = { width: columns, height: rows }) {
  return gridGeometry(picture, 1, { width: columns, height: rows });
}
