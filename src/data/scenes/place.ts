import type { Random } from "../../common/random.ts";
import type { SceneOptions } from "./options.ts";

/** A place for some object, decided before it is known which: so no name can predict a place. */
export interface Spot {
  readonly centreX: number;
  readonly centreY: number;
  /** Length of the object's longer side in pixels. */
  readonly side: number;
}

/** An object may stick out of the image by this share of its half side. */
const overhang = 0.25;

/** Sets of places drawn before giving up; they cost little beside a painted scene. */
const draws = 50;

/** Places for `count` objects, or undefined when none were found that are far enough apart; see {@link drawSpots}. */
export function placeSpots(options: SceneOptions, count: number, random: Random): Spot[] | undefined {
  for (let draw = 0; draw < draws; draw++) {
    const spots = drawSpots(options, count, random);
    if (spots !== undefined) return spots;
  }
  return undefined;
}

/**
 * Places for `count` objects in different cells, or undefined when they came out too close. Every cell is equally
 * likely for every object: cells are drawn evenly, and whether two objects are too close is judged as if the image
 * wrapped round at its sides, so that cells at the sides are not favoured for having fewer neighbours.
 */
function drawSpots(options: SceneOptions, count: number, random: Random): Spot[] | undefined {
  const { grid, size, scale } = options;
  const spots: Spot[] = [];
  const cells = new Set<number>();
  while (spots.length < count) {
    const cell = random.integer(grid * grid);
    const side = size * (scale[0] + (scale[1] - scale[0]) * random.uniform());
    const spot = {
      centreX: coordinateIn(cell % grid, options, random),
      centreY: coordinateIn(Math.floor(cell / grid), options, random),
      side,
    };
    if (cells.has(cell) && count <= grid * grid) return undefined;
    if (spots.some((other) => tooClose(spot, other, options))) return undefined;
    cells.add(cell);
    spots.push(spot);
  }
  return spots.map((spot) => pulledInside(spot, options));
}

function coordinateIn(cell: number, { grid, size, cellMargin }: SceneOptions, random: Random): number {
  return ((cell + cellMargin + (1 - 2 * cellMargin) * random.uniform()) * size) / grid;
}

function tooClose(a: Spot, b: Spot, { size, overlap }: SceneOptions): boolean {
  const apart = (p: number, q: number) => Math.min(Math.abs(p - q), size - Math.abs(p - q));
  const [dx, dy] = [apart(a.centreX, b.centreX), apart(a.centreY, b.centreY)];
  const distance = Math.sqrt(dx * dx + dy * dy);
  return distance < ((1 - overlap) * (a.side + b.side)) / 2;
}

/** Moves a spot towards the middle so that it sticks out only a little, but not out of its cell. */
function pulledInside(spot: Spot, { size, grid, cellMargin }: SceneOptions): Spot {
  const least = (spot.side / 2) * (1 - overhang);
  const pull = (x: number) => {
    const cell = Math.floor((x * grid) / size);
    const [low, high] = [((cell + cellMargin) * size) / grid, ((cell + 1 - cellMargin) * size) / grid];
    return Math.min(high, Math.max(low, Math.min(size - least, Math.max(least, x))));
  };
  return { ...spot, centreX: pull(spot.centreX), centreY: pull(spot.centreY) };
}
