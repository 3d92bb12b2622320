/**
 * The colours of a map that lies over a grey photo: clear where there is nothing, then amber, then deep red. The photo has
 * no hue of its own there, so hue and how much it covers tell the value.
 */
import { type ColourMap, colourAt, colourMaps } from "../../lens/colour.ts";

/** Red, green, blue, alpha of 256 steps of a scale from 0 to 1: [256, 4], not multiplied by alpha. */
export type Veil = Uint8ClampedArray<ArrayBuffer>;

/** How much the end of a scale covers of the photo. */
const most = 0.92;

/** Colours of the ground's own end of `heat` are left out: they would read as light, not as colour. */
const [amber, deepRed] = [0.3, 0.86];

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
    const colour = colourAt(colourMaps.heat, amber + (deepRed - amber) * t);
    return [...colour, most * (1 - (1 - t) ** 2.4)];
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
