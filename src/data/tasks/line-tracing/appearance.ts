/** Colours of lines, and backgrounds. */
import type { Random } from "../../../common/random.ts";
import type { Background, Colour, Shape } from "../../drawing/drawing.ts";

export const backgrounds = ["plain", "tinted", "gradient", "paper", "dots"] as const;
export type BackgroundName = (typeof backgrounds)[number];

export const ink: Colour = [24, 24, 28];

export interface LineColour {
  readonly name: string;
  readonly rgb: Colour;
}

/** Colours for one line each: dark enough on every background, and told apart by hue and by lightness. */
const palette: readonly LineColour[] = [
  { name: "red", rgb: [214, 39, 40] },
  { name: "blue", rgb: [31, 119, 180] },
  { name: "green", rgb: [44, 140, 44] },
  { name: "purple", rgb: [148, 80, 190] },
  { name: "orange", rgb: [255, 127, 14] },
  { name: "brown", rgb: [120, 72, 58] },
  { name: "turquoise", rgb: [0, 160, 170] },
  { name: "pink", rgb: [227, 90, 180] },
  { name: "grey", rgb: [110, 110, 110] },
  { name: "olive", rgb: [150, 150, 20] },
  { name: "navy", rgb: [20, 40, 130] },
  { name: "maroon", rgb: [90, 10, 40] },
  { name: "teal", rgb: [0, 80, 60] },
];
export const colourNames = palette.map(({ name }) => name);

/** Inks that all lines share. */
const inks: readonly LineColour[] = [
  { name: "black", rgb: ink },
  { name: "blue", rgb: [30, 60, 140] },
  { name: "red", rgb: [140, 30, 40] },
  { name: "green", rgb: [20, 100, 60] },
];

export function lineColours(random: Random, colours: "same" | "each", count: number): LineColour[] {
  if (colours === "same") return Array<LineColour>(count).fill(random.pick(inks));
  return random.shuffle(palette).slice(0, count);
}

export interface BackgroundShapes {
  readonly background: Background;
  /** Faint rules or dots under everything. */
  readonly shapes: readonly Shape[];
}

/** All backgrounds are light, so that inks and palette stand out. */
export function backgroundShapes(random: Random, name: BackgroundName, size: number): BackgroundShapes {
  const tint = (): Colour => {
    const channel = () => 215 + random.integer(36);
    return [channel(), channel(), channel()];
  };
  const plain = (colour: Colour): Background => ({ kind: "plain", colour });
  if (name === "plain") return { background: plain([255, 255, 255]), shapes: [] };
  if (name === "tinted") return { background: plain(tint()), shapes: [] };
  if (name === "gradient") {
    const across = random.pick(["rows", "columns"] as const);
    return { background: { kind: "gradient", from: tint(), to: tint(), across }, shapes: [] };
  }
  const shapes = name === "paper" ? rules(random, size) : dots(random, size);
  return { background: plain(name === "paper" ? [253, 250, 240] : [255, 255, 255]), shapes };
}

/** Faint level rules, as in a writing book. */
function rules(random: Random, size: number): Shape[] {
  const step = size / (10 + random.integer(6));
  const first = step * random.uniform();
  return Array.from({ length: Math.floor((size - first) / step) + 1 }, (_, i) => {
    const y = round(first + i * step);
    return {
      kind: "line",
      points: [
        [0, y],
        [size, y],
      ],
      width: Math.max(1, size / 336),
      colour: [208, 222, 236],
    };
  });
}

/** A faint square grid of dots. */
function dots(random: Random, size: number): Shape[] {
  const count = 9 + random.integer(5);
  const step = size / count;
  return Array.from({ length: count * count }, (_, i) => ({
    kind: "disc",
    centre: [round((0.5 + (i % count)) * step), round((0.5 + Math.floor(i / count)) * step)],
    radius: round(Math.max(0.8, size / 280)),
    colour: [205, 205, 210],
  }));
}

const round = (value: number) => Math.round(value * 100) / 100;
