import { interpolateMagma, interpolatePuOr, interpolateViridis } from "d3-scale-chromatic";

/** Red, green, blue, 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** 256 colours, [256, 3]; entry i stands for the value i / 255 of a scale from 0 to 1. */
export type ColourMap = Uint8Array;

/**
 * Perceptually even colour maps: equal steps of a value look like equal steps of colour. Viridis and magma
 * (Smith & van der Walt, matplotlib) rise in lightness, so they also read in grey and with colour blindness;
 * diverging is ColorBrewer's PuOr, white in the middle, dark at both ends.
 */
export const colourMaps = {
  viridis: colourTable(interpolateViridis),
  magma: colourTable(interpolateMagma),
  diverging: colourTable((t) => interpolatePuOr(1 - t)),
} as const satisfies Record<string, ColourMap>;

export type ColourMapName = keyof typeof colourMaps;

/** The colour at t in [0, 1]; outside values take the colour of the nearer end. */
export function colourAt(map: ColourMap, t: number): Rgb {
  const at = 3 * Math.round(255 * Math.min(1, Math.max(0, t)));
  return [map[at], map[at + 1], map[at + 2]];
}

function colourTable(interpolate: (t: number) => string): ColourMap {
  return Uint8Array.from(Array.from({ length: 256 }, (_, i) => parseColour(interpolate(i / 255))).flat());
}

/** `#rrggbb` or `rgb(r, g, b)`, the two forms that d3 writes. */
function parseColour(text: string): number[] {
  return text.startsWith("#")
    ? [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16))
    : text.match(/\d+/g)!.map(Number);
}
