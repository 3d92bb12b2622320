/** Boxes and handles of things, in pixels of the scene, and what dragging them does. Pure geometry. */
import type { CutOutSet } from "../../../../data/assets/cutout.ts";
import type { Placement } from "../../../../data/scenes/paint.ts";
import type { SceneThing } from "./scene.ts";

export type Point = readonly [x: number, y: number];

/** What one takes hold of: the thing, a corner (size), or the knob above it (turn). */
export type Grip = "body" | "size" | "turn";

/** Width and height of a thing before it is turned. */
export function extentOf({ name, placement: { side } }: SceneThing, { pictures }: CutOutSet): Point {
  const [{ width, height }] = pictures.get(name)![0].levels;
  const scale = side / Math.max(width, height);
  return [width * scale, height * scale];
}

/** Clockwise on screen, about the centre. */
function turned([x, y]: Point, { centreX, centreY, rotation }: Placement): Point {
  const [cos, sin] = [Math.cos(rotation), Math.sin(rotation)];
  return [centreX + cos * x - sin * y, centreY + sin * x + cos * y];
}

/** The corners from the top left, clockwise, turned with the thing. */
export function cornersOf(thing: SceneThing, cutOuts: CutOutSet): Point[] {
  const [w, h] = extentOf(thing, cutOuts).map((length) => length / 2);
  return [
    [-w, -h],
    [w, -h],
    [w, h],
    [-w, h],
  ].map(([x, y]) => turned([x, y], thing.placement));
}

/** Where the knob for turning stands: `gap` above the middle of the upper side. */
export function knobOf(thing: SceneThing, cutOuts: CutOutSet, gap: number): Point {
  const [, height] = extentOf(thing, cutOuts);
  return turned([0, -height / 2 - gap], thing.placement);
}

/** Whether a point lies within the thing's turned box. */
function isInside([x, y]: Point, thing: SceneThing, cutOuts: CutOutSet): boolean {
  const { centreX, centreY, rotation } = thing.placement;
  const [dx, dy] = [x - centreX, y - centreY];
  const [cos, sin] = [Math.cos(rotation), Math.sin(rotation)];
  const [width, height] = extentOf(thing, cutOuts);
  return Math.abs(cos * dx + sin * dy) <= width / 2 && Math.abs(cos * dy - sin * dx) <= height / 2;
}

/** Alpha from which on a texel counts as the thing, of 255. */
const solid = 64;

/** Whether the thing itself, not only its box, covers a point. */
function covers([x, y]: Point, { name, placement }: SceneThing, { pictures }: CutOutSet): boolean {
  const levels = pictures.get(name)![0].levels;
  const [full] = levels;
  const at = levels.findIndex(({ data }) => data.length > 0);
  const { width, height, data } = levels[at];
  const texels = Math.max(full.width, full.height) / placement.side / 2 ** at;
  const [dx, dy] = [x - placement.centreX, y - placement.centreY];
  const [cos, sin] = [Math.cos(placement.rotation) * texels, Math.sin(placement.rotation) * texels];
  const u = Math.floor((placement.flip ? -1 : 1) * (cos * dx + sin * dy) + full.width / 2 ** (at + 1));
  const v = Math.floor(cos * dy - sin * dx + full.height / 2 ** (at + 1));
  return u >= 0 && v >= 0 && u < width && v < height && data[4 * (v * width + u) + 3] >= solid;
}

/** The front-most thing that covers a point, or else whose box holds it; undefined where there is none. */
export function thingAt(point: Point, things: readonly SceneThing[], cutOuts: CutOutSet): number | undefined {
  const drawn = things.findLastIndex((thing) => covers(point, thing, cutOuts));
  const found = drawn >= 0 ? drawn : things.findLastIndex((thing) => isInside(point, thing, cutOuts));
  return found < 0 ? undefined : found;
}

/** The placement after a grip was drawn from one point to another. */
export function dragged(placement: Placement, grip: Grip, from: Point, to: Point): Partial<Placement> {
  const { centreX, centreY, side, rotation } = placement;
  if (grip === "body") return { centreX: centreX + to[0] - from[0], centreY: centreY + to[1] - from[1] };
  const [before, after] = [from, to].map(([x, y]) => [x - centreX, y - centreY] as const);
  if (grip === "size") return { side: side * (Math.hypot(...after) / Math.max(1, Math.hypot(...before))) };
  const angle = ([x, y]: Point) => Math.atan2(y, x);
  return { rotation: rotation + angle(after) - angle(before) };
}

/** Two fingers on a thing: it keeps to the middle between them, and takes their distance and their angle. */
export function pinched(
  placement: Placement,
  from: readonly [Point, Point],
  to: readonly [Point, Point],
): Partial<Placement> {
  const span = ([[x0, y0], [x1, y1]]: readonly [Point, Point]) => [x1 - x0, y1 - y0] as const;
  const middle = ([[x0, y0], [x1, y1]]: readonly [Point, Point]) => [(x0 + x1) / 2, (y0 + y1) / 2];
  const [a, b] = [span(from), span(to)];
  const [[x0, y0], [x1, y1]] = [middle(from), middle(to)];
  return {
    centreX: placement.centreX + x1 - x0,
    centreY: placement.centreY + y1 - y0,
    side: (placement.side * Math.hypot(...b)) / Math.max(1, Math.hypot(...a)),
    rotation: placement.rotation + Math.atan2(b[1], b[0]) - Math.atan2(a[1], a[0]),
  };
}
