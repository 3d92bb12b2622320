import {
  interpolateCividis,
  interpolateMagma,
  interpolatePuOr,
  interpolateViridis,
} from "d3-scale-chromatic";

/** Red, green, blue, 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** 256 colours, [256, 3]; entry i stands for the value i / 255 of a scale from 0 to 1. */
export type ColourMap = Uint8Array;

/**
 * Nine colours from the paper's white over amber to deep red: their lightness in OKLCH (Ottosson 2020) falls in equal
 * steps from 0.985 to 0.33, hue from 95 to 26 degrees, chroma as much as sRGB holds.
 */
const heatStops = [
  "#fbfaf7",
  "#f0deae",
  "#ebbd63",
  "#e79702",
  "#d37705",
  "#bf5505",
  "#a83403",
  "#8e0f05",
  "#69040b",
] as const;

/**
 * Perceptually even colour maps: equal steps of a value look like equal steps of colour. Heat is for maps on a light
 * ground, where nothing is the ground itself. Viridis and magma (Smith & van der Walt, matplotlib) and cividis
 * (Nuñez, Anderton & Renslow 2018; made for colour blindness) rise in lightness, so they also read in grey;
 * diverging is ColorBrewer's PuOr, white in the middle, dark at both ends.
 */
export const colourMaps = {
  heat: colourTable(alongStops),
  cividis: colourTable(interpolateCividis),
  viridis: colourTable(interpolateViridis),
  magma: colourTable(interpolateMagma),
  diverging: colourTable((t) => interpolatePuOr(1 - t)),
} as const satisfies Record<string, ColourMap>;

/** `heat`, `cividis`, `viridis`, `magma` or `diverging`. */
export type ColourMapName = keyof typeof colourMaps;

/** The colour at t in [0, 1]; outside values take the colour of the nearer end. */
export function colourAt(map: ColourMap, t: number): Rgb {
  const at = 3 * Math.round(255 * Math.min(1, Math.max(0, t)));
  return [map[at], map[at + 1], map[at + 2]];
}

function colourTable(interpolate: (t: number) => string): ColourMap {
  return Uint8Array.from(Array.from({ length: 256 }, (_, i) => parseColour(interpolate(i / 255))).flat());
}

function alongStops(t: number): string {
  const at = Math.min(heatStops.length - 2, Math.floor(t * (heatStops.length - 1)));
  const share = t * (heatStops.length - 1) - at;
  const [low, high] = [parseColour(heatStops[at]), parseColour(heatStops[at + 1])];
  return `rgb(${low.map((value, c) => Math.round(value + share * (high[c] - value))).join(", ")})`;
}

/** `#rrggbb` or `rgb(r, g, b)`, the two forms that d3 writes. */
function parseColour(text: string): number[] {
  return text.startsWith("#")
    ? [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16))
    : text.match(/\d+/g)!.map(Number);
}
