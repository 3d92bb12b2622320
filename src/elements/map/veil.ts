/**
 * The colours of a map that lies over a grey photo: clear where there is nothing, then amber, then deep red. The photo has
 * no hue of its own there, so hue and how much it covers tell the value.
 */
import { type ColourMap, colourAt, colourMaps } from "../../lens/colour.ts";

/** Red, green, blue, alpha of 256 steps of a scale from 0 to 1: [256, 4], not multiplied by alpha. */
export type Veil = Uint8ClampedArray<ArrayBuffer>;

/** How much the end of a scale covers of the photo. */
const most = 0.92;

/**
 * Seven colours from amber to deep red: in OKLCH (Ottosson 2020) lightness falls in equal steps from 0.83 to 0.44, hue from
 * 78 to 22 degrees, chroma as much as sRGB holds.
 */
const heatStops = ["#fcba43", "#f39d23", "#e78103", "#d76503", "#c84703", "#b91d05", "#9d0221"].map((text) =>
  [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16)),
);

const made = new Map<ColourMap, Veil>();

/** The veil of a colour map, made once. Maps other than heat cover the photo evenly; they have no clear end. */
export function veilOf(colours: ColourMap): Veil {
  let veil = made.get(colours);
  if (veil === undefined) {
    veil = colours === colourMaps.heat ? heatVeil() : evenVeil(colours);
    made.set(colours, veil);
  }
  return veil;
}

function heatVeil(): Veil {
  return veilFrom((t) => {
    const at = Math.min(heatStops.length - 2, Math.floor(t * (heatStops.length - 1)));
    const share = t * (heatStops.length - 1) - at;
    const [red, green, blue] = heatStops[at].map((low, c) => low + share * (heatStops[at + 1][c] - low));
    return [red, green, blue, most * (1 - (1 - t) ** 1.8)];
  });
}

function evenVeil(colours: ColourMap): Veil {
  return veilFrom((t) => [...colourAt(colours, t), 0.86]);
}

function veilFrom(step: (t: number) => readonly [number, number, number, number]): Veil {
  const veil = new Uint8ClampedArray(1024);
  for (let i = 0; i < 256; i++) {
    const [red, green, blue, alpha] = step(i / 255);
    veil.set([red, green, blue, Math.round(255 * alpha)], 4 * i);
  }
  return veil;
}

/** What the grey photo lies between, so that neither its black nor its white is taken for a value. */
const [darkest, lightest] = [104, 232];

/** A brightness (0 to 255) as it is drawn under a map. */
export function paperGrey(brightness: number): number {
  return darkest + (brightness * (lightest - darkest)) / 255;
}

/** The brightness that a legend's colours lie over: a picture's own in the middle. */
const legendGrey = paperGrey(150);

/** The colour of a place on a scale as it is over mid grey, opaque: for scale bars and matrices. */
export function flatColour(colours: ColourMap, t: number): string {
  const veil = veilOf(colours);
  const at = 4 * Math.round(255 * Math.min(1, Math.max(0, t)));
  const alpha = veil[at + 3] / 255;
  const mixed = [0, 1, 2].map((c) => Math.round(alpha * veil[at + c] + (1 - alpha) * legendGrey));
  return `rgb(${mixed.join(" ")})`;
}

/** A scale's colours from left to right, for CSS. */
export function gradientOf(colours: ColourMap): string {
  const stops = Array.from({ length: 17 }, (_, i) => flatColour(colours, i / 16));
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

/** Ink or paper, whichever is read on a place of a scale. */
export function inkOn(colours: ColourMap, t: number): "#1b1b1a" | "#ffffff" {
  const [red, green, blue] = flatColour(colours, t).match(/\d+/g)!.map(Number);
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) > 0.19 ? "#1b1b1a" : "#ffffff";
}

/** A channel of sRGB as light, 0 to 1 (IEC 61966-2-1). */
function linear(channel: number): number {
  const share = channel / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}
