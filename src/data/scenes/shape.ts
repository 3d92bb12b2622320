/** Ellipses and rectangles at any angle. */
import { cos, sin } from "../../common/portable-math.ts";
import { type Canvas, paintOver } from "./paint.ts";

/** An ellipse or a rectangle, in pixels of the canvas. */
export interface Shape {
  readonly centre: readonly [x: number, y: number];
  /** Half of its sides, or its radii. */
  readonly half: readonly [number, number];
  /** Radians, clockwise on screen. */
  readonly angle: number;
  readonly round: boolean;
}

/** Paints what lies in the canvas of a shape, with an edge that is about a pixel soft. */
export function paintShape(
  canvas: Canvas,
  shape: Shape,
  colour: readonly [number, number, number],
  owner: number,
): void {
  const [cosine, sine] = [cos(shape.angle), sin(shape.angle)];
  const [x0, y0] = shape.centre;
  const reach = length(...shape.half) + 1;
  const from = (centre: number) => Math.max(0, Math.floor(centre - reach));
  const to = (centre: number) => Math.min(canvas.size - 1, Math.floor(centre + reach));
  for (let y = from(y0); y <= to(y0); y++)
    for (let x = from(x0); x <= to(x0); x++) {
      const [dx, dy] = [x + 0.5 - x0, y + 0.5 - y0];
      const inside = depth(shape, cosine * dx + sine * dy, cosine * dy - sine * dx);
      const alpha = Math.min(1, Math.max(0, inside + 0.5));
      if (alpha > 0) paintOver(canvas, y * canvas.size + x, colour, alpha, owner);
    }
}

/** How far inside the shape's edge a point lies, in pixels (of an ellipse nearly); negative outside. */
function depth({ half: [a, b], round }: Shape, along: number, across: number): number {
  if (!round) return Math.min(a - Math.abs(along), b - Math.abs(across));
  return (1 - length(along / a, across / b)) * Math.min(a, b);
}

const length = (x: number, y: number) => Math.sqrt(x * x + y * y);
