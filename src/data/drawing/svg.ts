import type { Background, Colour, Drawing, Point, Shape } from "./drawing.ts";
import { strokeShare, textStrokes } from "./font.ts";

/** The drawing as SVG, coordinates rounded to hundredths of a pixel. Text is written as its strokes. */
export function drawingSvg({ width, height, background, shapes }: Drawing): string {
  const open = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`;
  return `${[open, ...backgroundSvg(background), ...shapes.map(shapeSvg), "</svg>"].join("\n")}\n`;
}

function backgroundSvg(background: Background): string[] {
  const rect = (fill: string) => `<rect width="100%" height="100%" fill="${fill}"/>`;
  if (background.kind === "plain") return [rect(hex(background.colour))];
  const { from, to, across } = background;
  const ends = across === "rows" ? 'x1="0" y1="0" x2="0" y2="1"' : 'x1="0" y1="0" x2="1" y2="0"';
  const stops = `<stop offset="0" stop-color="${hex(from)}"/><stop offset="1" stop-color="${hex(to)}"/>`;
  return [`<linearGradient id="g" ${ends}>${stops}</linearGradient>`, rect("url(#g)")];
}

function shapeSvg(shape: Shape): string {
  const colour = hex(shape.colour);
  switch (shape.kind) {
    case "line":
      return strokeSvg([shape.points], shape.width, colour);
    case "text":
      return strokeSvg(textStrokes(shape), Math.max(1, shape.size * strokeShare), colour);
    case "polygon":
      return `<path d="${path(shape.points)}Z" fill="${colour}"/>`;
    case "disc":
      return `<circle ${circle(shape.centre, shape.radius)} fill="${colour}"/>`;
    case "ring": {
      const { centre, radius, width } = shape;
      return `<circle ${circle(centre, radius)} fill="none" stroke="${colour}" stroke-width="${short(width)}"/>`;
    }
  }
}

function strokeSvg(strokes: readonly (readonly Point[])[], width: number, colour: string): string {
  const ends = 'stroke-linecap="round" stroke-linejoin="round"';
  return `<path d="${strokes.map(path).join("")}" fill="none" stroke="${colour}" stroke-width="${short(width)}" ${ends}/>`;
}

function path(points: readonly Point[]): string {
  return `M${points.map(([x, y]) => `${short(x)} ${short(y)}`).join("L")}`;
}

function circle([x, y]: Point, radius: number): string {
  return `cx="${short(x)}" cy="${short(y)}" r="${short(radius)}"`;
}

function short(value: number): string {
  return `${Math.round(value * 100) / 100}`;
}

function hex(colour: Colour): string {
  return `#${colour.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}
