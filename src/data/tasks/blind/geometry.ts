import type { Point } from "../../drawing/drawing.ts";

export function distance([ax, ay]: Point, [bx, by]: Point): number {
  return Math.sqrt((ax - bx) * (ax - bx) + (ay - by) * (ay - by));
}

/** From a point to the segment a-b. */
export function distanceToSegment([px, py]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [ux, uy, vx, vy] = [bx - ax, by - ay, px - ax, py - ay];
  const length = ux * ux + uy * uy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, (ux * vx + uy * vy) / length));
  const [dx, dy] = [vx - along * ux, vy - along * uy];
  return Math.sqrt(dx * dx + dy * dy);
}

export function distanceToLine(point: Point, line: readonly Point[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 1; i < line.length; i++)
    least = Math.min(least, distanceToSegment(point, line[i - 1], line[i]));
  return least;
}

/** Where segments a-b and c-d meet, and the sine of the angle between them; undefined where they do not. */
export function meeting(a: Point, b: Point, c: Point, d: Point): { at: Point; sine: number } | undefined {
  const [ux, uy, vx, vy] = [b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]];
  const across = ux * vy - uy * vx;
  if (across === 0) return undefined;
  const [wx, wy] = [c[0] - a[0], c[1] - a[1]];
  const s = (wx * vy - wy * vx) / across;
  const t = (wx * uy - wy * ux) / across;
  if (s < 0 || s > 1 || t < 0 || t > 1) return undefined;
  const sine = Math.abs(across) / Math.sqrt((ux * ux + uy * uy) * (vx * vx + vy * vy));
  return { at: [a[0] + s * ux, a[1] + s * uy], sine };
}

/** What makes a crossing plain to see; distances between the middles of strokes, in pixels. */
export interface Clearance {
  /** Least distance of a knot of one line from the other line: nothing touches without crossing. */
  readonly knot: number;
  /** Least distance between two crossings. */
  readonly crossings: number;
  /** Least sine of the angle of a crossing. */
  readonly sine: number;
}

/** How two polylines cross, and how often they do so, or nearly so, in a way that is hard to see. */
export function survey(a: readonly Point[], b: readonly Point[], least: Clearance) {
  const crossings: Point[] = [];
  let faults = 0;
  for (let i = 1; i < a.length; i++)
    for (let j = 1; j < b.length; j++) {
      const found = meeting(a[i - 1], a[i], b[j - 1], b[j]);
      if (found === undefined) continue;
      if (found.sine < least.sine) faults++;
      for (const other of crossings) if (distance(found.at, other) < least.crossings) faults++;
      crossings.push(found.at);
    }
  for (const knot of a) if (distanceToLine(knot, b) < least.knot) faults++;
  for (const knot of b) if (distanceToLine(knot, a) < least.knot) faults++;
  return { crossings, faults };
}

/** How often a polyline crosses itself, nears itself, turns back sharply or has a short piece. */
export function selfFaults(line: readonly Point[], least: Clearance): number {
  let faults = 0;
  for (let i = 1; i < line.length; i++) {
    if (distance(line[i - 1], line[i]) < 3 * least.knot) faults++;
    if (i >= 2 && turnsBack(line[i - 2], line[i - 1], line[i])) faults++;
    for (let j = i + 2; j < line.length; j++) {
      if (meeting(line[i - 1], line[i], line[j - 1], line[j]) !== undefined) faults++;
      if (distanceToSegment(line[i - 1], line[j - 1], line[j]) < least.knot) faults++;
      if (distanceToSegment(line[i], line[j - 1], line[j]) < least.knot) faults++;
      if (distanceToSegment(line[j - 1], line[i - 1], line[i]) < least.knot) faults++;
      if (distanceToSegment(line[j], line[i - 1], line[i]) < least.knot) faults++;
    }
  }
  return faults;
}

/** Whether a, b, c turns by more than about 150 degrees at b. */
function turnsBack(a: Point, b: Point, c: Point): boolean {
  const [ux, uy, vx, vy] = [b[0] - a[0], b[1] - a[1], c[0] - b[0], c[1] - b[1]];
  const cosine = (ux * vx + uy * vy) / Math.sqrt((ux * ux + uy * uy) * (vx * vx + vy * vy));
  return cosine < -0.86;
}
