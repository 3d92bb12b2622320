import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { RgbImage } from "../../src/common/image.ts";
import type { Drawing, Shape } from "../../src/data/drawing/drawing.ts";
import { drawable, textStrokes, textWidth } from "../../src/data/drawing/font.ts";
import { paint } from "../../src/data/drawing/paint.ts";
import { drawingPng } from "../../src/data/drawing/png.ts";
import { drawingSvg } from "../../src/data/drawing/svg.ts";

const black = [0, 0, 0] as const;

function onWhite(shapes: readonly Shape[], size = 40): Drawing {
  return { width: size, height: size, background: { kind: "plain", colour: [255, 255, 255] }, shapes };
}

/** How many pixels' worth of black ink a picture holds. */
function inkOf({ data }: RgbImage): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) sum += 1 - data[i] / 255;
  return sum;
}

const shapes: Record<string, { shape: Shape; area: number }> = {
  disc: { shape: { kind: "disc", centre: [20.3, 19.6], radius: 9, colour: black }, area: Math.PI * 81 },
  ring: {
    shape: { kind: "ring", centre: [20, 20], radius: 12, width: 3, colour: black },
    area: 2 * Math.PI * 12 * 3,
  },
  "slanted line": {
    shape: { kind: "line", points: [[5.2, 8.1], [33.4, 29.7]], width: 4, colour: black }, // biome-ignore format: two ends
    area: 4 * Math.hypot(28.2, 21.6) + Math.PI * 4,
  },
  "steep line": {
    shape: { kind: "line", points: [[20, 4], [21, 36]], width: 2, colour: black }, // biome-ignore format: two ends
    area: 2 * Math.hypot(1, 32) + Math.PI,
  },
  polygon: {
    shape: { kind: "polygon", points: [[4.5, 5], [35, 9.25], [18, 34]], colour: black }, // biome-ignore format: three corners
    area: Math.abs(30.5 * 29 - 13.5 * 4.25) / 2,
  },
};

describe("paint", () => {
  it.each(Object.entries(shapes))("lays down the area of a %s", (_, { shape, area }) => {
    expect(Math.abs(inkOf(paint(onWhite([shape]))) / area - 1)).toBeLessThan(0.02);
  });

  it("agrees with a renderer of SVG, but for edges", async () => {
    for (const { shape } of Object.values(shapes)) {
      const drawing = onWhite([shape]);
      const other = await sharp(Buffer.from(drawingSvg(drawing)))
        .removeAlpha()
        .raw()
        .toBuffer();
      const own = paint(drawing).data;
      const differences = own.map((value, i) => Math.abs(value - other[i]));
      expect(Math.max(...differences)).toBeLessThan(64); // A quarter of one pixel at an edge.
      expect(differences.reduce((a, b) => a + b, 0) / own.length).toBeLessThan(2); // Ours ramps by distance, the renderer by area.
    }
  });

  it("joins the pieces of a line without seams, and leaves no ink for the next picture", () => {
    const bent: Shape = { kind: "line", points: [[5, 20], [20, 20], [35, 20]], width: 3, colour: black }; // biome-ignore format: points
    const straight: Shape = { kind: "line", points: [[5, 20], [35, 20]], width: 3, colour: black }; // biome-ignore format: points
    expect(paint(onWhite([bent]))).toEqual(paint(onWhite([straight])));
    expect(inkOf(paint(onWhite([])))).toBe(0);
  });

  it("cuts shapes at the border", () => {
    const out: Shape[] = [
      { kind: "disc", centre: [0, 0], radius: 10, colour: black },
      { kind: "line", points: [[-20, 30], [70, 30]], width: 2, colour: black }, // biome-ignore format: points
      { kind: "polygon", points: [[30, -5], [50, -5], [50, 5], [30, 5]], colour: black }, // biome-ignore format: points
    ];
    expect(inkOf(paint(onWhite(out)))).toBeCloseTo(Math.PI * 25 + 80 + 50, -0.5);
  });

  it("shades gradients from edge to edge", () => {
    const background = { kind: "gradient", from: [0, 0, 0], to: [200, 100, 50], across: "columns" } as const;
    const { data } = paint({ width: 4, height: 3, background, shapes: [] });
    expect([...data.slice(0, 12)]).toEqual([25, 13, 6, 75, 38, 19, 125, 63, 31, 175, 88, 44]);
    expect([...data.slice(24)]).toEqual([...data.slice(0, 12)]);
  });
});

describe("text", () => {
  it("can draw all letters and digits, each different, inside its cell", () => {
    const characters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"];
    const seen = new Set<string>();
    for (const text of characters) {
      expect(drawable.has(text)).toBe(true);
      const strokes = textStrokes({ kind: "text", text, centre: [0, 0], size: 12, colour: black });
      for (const [x, y] of strokes.flat()) expect(Math.abs(x) < 4.5 && y > -6.5 && y < 10.5).toBe(true);
      seen.add(JSON.stringify(strokes));
    }
    expect(seen.size).toBe(characters.length);
    expect(textWidth("AB", 12)).toBe(19);
  });

  it("refuses what it has no strokes for", () => {
    const text = { kind: "text", text: "é", centre: [0, 0], size: 12, colour: black } as const;
    expect(() => textStrokes(text)).toThrow(/character must be drawable, got é/);
  });
});

describe("PNG", () => {
  it("decodes to the same pixels", async () => {
    const image = paint(onWhite(Object.values(shapes).map(({ shape }) => shape)));
    const { data, info } = await sharp(drawingPng(image)).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([40, 40, 3]);
    expect(Buffer.compare(data, Buffer.from(image.data))).toBe(0);
  });
});
