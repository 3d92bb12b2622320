import type { Random } from "../../../common/random.ts";
import type { Point } from "../../drawing/drawing.ts";

/**
 * A direction, each as likely: a vector of length 1. Without sines and cosines, as their last bits
 * differ between machines.
 */
export function direction(random: Random): Point {
  for (;;) {
    const [x, y] = [2 * random.uniform() - 1, 2 * random.uniform() - 1];
    const square = x * x + y * y;
    if (square > 1 || square < 0.01) continue;
    const length = Math.sqrt(square);
    return [x / length, y / length];
  }
}

/** Corners of a regular polygon of radius 1, the first at the top; `[cosine, sine]` are of a turn. */
export function regular(count: number, [cosine, sine]: Point): Point[] {
  const corners: Point[] = [[0, -1]];
  while (corners.length < count) {
    const [x, y] = corners[corners.length - 1];
    corners.push([x * cosine - y * sine, x * sine + y * cosine]);
  }
  return corners;
}

export function distance([ax, ay]: Point, [bx, by]: Point): number {
  return Math.sqrt((ax - bx) * (ax - bx) + (ay - by) * (ay - by));
}

/** Whether a point is less than `reach` from the segment a-b. */
export function nearSegment(p: Point, a: Point, b: Point, reach: number): boolean {
  const [px, py, ax, ay, bx, by] = [p[0], p[1], a[0], a[1], b[0], b[1]];
  if ((px < ax - reach && px < bx - reach) || (px > ax + reach && px > bx + reach)) return false;
  if ((py < ay - reach && py < by - reach) || (py > ay + reach && py > by + reach)) return false;
  const [ux, uy, vx, vy] = [bx - ax, by - ay, px - ax, py - ay];
  const length = ux * ux + uy * uy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, (ux * vx + uy * vy) / length));
  const [dx, dy] = [vx - along * ux, vy - along * uy];
  return dx * dx + dy * dy < reach * reach;
}

export function nearLine(point: Point, line: readonly Point[], reach: number): boolean {
  for (let i = 1; i < line.length; i++) if (nearSegment(point, line[i - 1], line[i], reach)) return true;
  return false;
}

/** Where segments a-b and c-d meet, and the sine of the angle between them; undefined where they do not. */
export function meeting(a: Point, b: Point, c: Point, d: Point): { at: Point; sine: number } | undefined {
  const [ux, uy, vx, vy] = [b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]];
  const across = ux * vy - uy * vx;
  if (across === 0) return undefined; // Parallel: if they overlap, a knot is near the other line.
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
  for (const knot of a) if (nearLine(knot, b, least.knot)) faults++;
  for (const knot of b) if (nearLine(knot, a, least.knot)) faults++;
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
      if (nearSegment(line[i - 1], line[j - 1], line[j], least.knot)) faults++;
      if (nearSegment(line[i], line[j - 1], line[j], least.knot)) faults++;
      if (nearSegment(line[j - 1], line[i - 1], line[i], least.knot)) faults++;
      if (nearSegment(line[j], line[i - 1], line[i], least.knot)) faults++;
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
