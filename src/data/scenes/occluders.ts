/** Things without a name in front of a scene: they hide parts of objects, and are no object themselves. */
import type { Random } from "../../common/random.ts";
import { anyColour } from "./background.ts";
import type { Canvas } from "./paint.ts";
import { paintShape, type Shape } from "./shape.ts";

/** The owner of their pixels; objects and their discs have lower numbers. */
const OWNER = 255;

/** Half of an occluder's longer side, as a share of the picture's side. */
const [SMALLEST, LARGEST] = [0.04, 0.14];

/** Paints up to `most` discs and bars of one colour, each anywhere, at any angle. */
export function paintOccluders(canvas: Canvas, random: Random, most: number): void {
  for (let left = random.integer(most + 1); left > 0; left--) {
    const half = canvas.size * (SMALLEST + (LARGEST - SMALLEST) * random.uniform());
    const shape: Shape = {
      centre: [canvas.size * random.uniform(), canvas.size * random.uniform()],
      half: [half, half * (0.25 + 0.75 * random.uniform())],
      angle: Math.PI * random.uniform(),
      round: random.uniform() < 0.5,
    };
    paintShape(canvas, shape, anyColour(random), OWNER);
  }
}
