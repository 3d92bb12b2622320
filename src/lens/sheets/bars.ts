import { type Item, ink, quiet, widthOf, write } from "./figure.ts";

/** One value of a chart by layer. */
export interface Bar {
  readonly layer: number;
  /** Height, 0 to 1. */
  readonly share: number;
  /** A second, darker height inside the first. */
  readonly part?: number;
  readonly colour: string;
}

export interface Bars {
  readonly bars: readonly Bar[];
  readonly width: number;
  readonly height: number;
  /** What the top and the bottom stand for. */
  readonly top: string;
  readonly bottom: string;
  /** The bar that is named below, with its text. */
  readonly named?: { readonly layer: number; readonly text: string };
}

const axis = 66;
const foot = 34;

/** Bars side by side, a layer each, on a fixed scale. */
export function barsItem({ bars, width, height, top, bottom, named }: Bars): Item {
  return {
    width,
    height: height + foot,
    draw: (pen, x, y) => {
      const step = Math.min(40, (width - axis) / bars.length);
      const right = x + axis + step * bars.length;
      for (const [text, at] of [
        [top, y],
        [bottom, y + height],
      ] as const) {
        pen.fillStyle = "#e4e3de";
        pen.fillRect(x + axis, at, right - x - axis, 1);
        const style = { size: 11, colour: quiet };
        write(pen, text, x + axis - 8 - widthOf(pen, text, style), at + 4, style);
      }
      for (const [i, { share, part, colour }] of bars.entries()) {
        const left = x + axis + i * step + step * 0.12;
        pen.fillStyle = colour;
        pen.fillRect(left, y + height * (1 - share), step * 0.76, height * share);
        pen.fillStyle = ink;
        if (part !== undefined) pen.fillRect(left, y + height * (1 - part), step * 0.76, height * part);
      }
      for (const [i, { layer }] of bars.entries()) {
        if (!isNumbered(layer, bars.length)) continue;
        const text = layer === 0 ? "input" : `${layer}`;
        const middle = x + axis + (i + 0.5) * step;
        write(pen, text, middle - widthOf(pen, text, { size: 11 }) / 2, y + height + 15, { size: 11 });
      }
      const at = bars.findIndex(({ layer }) => layer === named?.layer);
      if (named === undefined || at < 0) return;
      const middle = x + axis + (at + 0.5) * step;
      const left = Math.min(middle - 4, right - widthOf(pen, named.text, { size: 11.5 }));
      write(pen, named.text, Math.max(x, left), y + height + 30, { size: 11.5 });
    },
  };
}

/** Every layer of few, every fourth of many. */
function isNumbered(layer: number, count: number): boolean {
  return count <= 16 || layer % 4 === 0;
}
