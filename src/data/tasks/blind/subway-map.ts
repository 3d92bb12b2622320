import type { Random } from "../../../common/random.ts";
import type { Point, TextShape } from "../../drawing/drawing.ts";
import { meeting } from "./geometry.ts";
import { type Box, inks } from "./shared.ts";

/**
 * Paths between four stations, one at each side of the canvas. A path follows columns and rows in turn, and
 * no other path follows these tracks, so two paths can share no more than the points where they cross.
 */
export interface SubwayMap {
  /** At the top, right, bottom and left. */
  readonly stations: readonly string[];
  readonly routes: readonly Route[];
  /** Place of every track among the columns, and among the rows; the three of a station lie side by side. */
  readonly columns: Places;
  readonly rows: Places;
}

export interface Route {
  /** The two stations it joins. */
  readonly ends: readonly [string, string];
  readonly sides: readonly [number, number];
  /** Names of tracks in order, columns and rows in turn; first and last are those of the stations. */
  readonly tracks: readonly string[];
}

interface Places {
  readonly count: number;
  readonly at: Map<string, number>;
}

/** A map with a path for each pair; no station may be in more than three. Each detour adds two bends. */
export function routeMap(
  random: Random,
  stations: readonly string[],
  pairs: readonly (readonly [string, string])[],
  detours: number,
): SubwayMap {
  const free = stations.map((_, side) => random.shuffle([0, 1, 2]).map((port) => `${side}.${port}`));
  const routes = pairs.map((ends, path): Route => {
    const sides = ends.map((name) => stations.indexOf(name)) as [number, number];
    const [first, last] = sides.map((side) => free[side].pop()!);
    const inner = (isColumn(sides[0]) === isColumn(sides[1]) ? 1 : 0) + 2 * detours;
    const between = Array.from({ length: inner }, (_, i) => `${path}:${i}`);
    return { ends, sides, tracks: [first, ...between, last] };
  });
  for (;;) {
    const map = {
      stations,
      routes,
      columns: places(random, routes, true),
      rows: places(random, routes, false),
    };
    if (disentangle(random, map)) return map;
  }
}

/** Whether the tracks of a station at this side are columns: at the top and at the bottom. */
function isColumn(side: number): boolean {
  return side % 2 === 0;
}

/** Whether track `index` of a route is a column. */
function columnAt(route: Route, index: number): boolean {
  return isColumn(route.sides[0]) === (index % 2 === 0);
}

function innerTracks(routes: readonly Route[], columns: boolean): string[] {
  return routes.flatMap((route) =>
    route.tracks.slice(1, -1).filter((_, i) => columnAt(route, i + 1) === columns),
  );
}

/** The tracks of one direction in random order. */
function places(random: Random, routes: readonly Route[], columns: boolean): Places {
  const ofStations = (columns ? [0, 2] : [1, 3]).map((side) => [0, 1, 2].map((port) => `${side}.${port}`));
  const groups = [...ofStations, ...innerTracks(routes, columns).map((track) => [track])];
  const tracks = random.shuffle(groups).flat();
  return { count: tracks.length, at: new Map(tracks.map((track, i) => [track, i])) };
}

/** Swaps tracks until no path crosses itself; false when that takes long. */
function disentangle(random: Random, { routes, columns, rows }: SubwayMap): boolean {
  const swappable = [innerTracks(routes, true), innerTracks(routes, false)];
  const tangled = () => routes.filter((route) => crossesItself(pointsOf(route, columns, rows)));
  let bad = tangled();
  for (let swap = 0; swap < 200 && bad.length > 0; swap++) {
    const route = random.pick(bad);
    const index = 1 + random.integer(route.tracks.length - 2);
    const column = columnAt(route, index);
    const [a, b] = [route.tracks[index], random.pick(swappable[column ? 0 : 1])];
    exchange(column ? columns : rows, a, b);
    const next = tangled();
    if (next.length <= bad.length) bad = next;
    else exchange(column ? columns : rows, a, b);
  }
  return bad.length === 0;
}

function exchange({ at }: Places, a: string, b: string): void {
  const [placeA, placeB] = [at.get(a)!, at.get(b)!];
  at.set(a, placeB);
  at.set(b, placeA);
}

/** A route in places: columns and rows from 0, the canvas from -1 to their count. */
function pointsOf({ sides, tracks, ...route }: Route, columns: Places, rows: Places): Point[] {
  const whole = { sides, tracks, ...route };
  const place = (index: number) => (columnAt(whole, index) ? columns : rows).at.get(tracks[index])!;
  const border = (side: number, at: number): Point =>
    isColumn(side) ? [at, side === 0 ? -1 : rows.count] : [side === 3 ? -1 : columns.count, at];
  const bends = tracks.slice(1).map((_, i): Point => {
    const [here, next] = [place(i), place(i + 1)];
    return columnAt(whole, i) ? [here, next] : [next, here];
  });
  return [border(sides[0], place(0)), ...bends, border(sides[1], place(tracks.length - 1))];
}

function crossesItself(line: readonly Point[]): boolean {
  for (let i = 1; i < line.length; i++)
    for (let j = i + 2; j < line.length; j++)
      if (meeting(line[i - 1], line[i], line[j - 1], line[j]) !== undefined) return true;
  return false;
}

/** Shares of the canvas: from its edge to the paths, thickness of a station's bar, height of its letter. */
const [edge, barShare, letterShare] = [0.16, 0.025, 0.085];

/** A map in pixels: each route's line, each station's bar and letter, the least distance of two tracks. */
export function layMap(map: SubwayMap, size: number) {
  const { stations, routes, columns, rows } = map;
  const stepOf = (count: number) => (size * (1 - 2 * edge)) / count;
  const scale = ({ count }: Places) => {
    const step = stepOf(count);
    const [first, last] = [edge * size, (1 - edge) * size];
    return (place: number) => (place < 0 ? first : place >= count ? last : first + (place + 0.5) * step);
  };
  const [x, y] = [scale(columns), scale(rows)];
  const lines = routes.map((route) => pointsOf(route, columns, rows).map(([u, v]): Point => [x(u), y(v)]));
  const marks = stations.map((name, side) => {
    const track = isColumn(side) ? columns : rows;
    const along = isColumn(side) ? x : y;
    const places = [0, 1, 2].map((port) => track.at.get(`${side}.${port}`)!);
    return station(name, side, along(Math.min(...places)), along(Math.max(...places)), size);
  });
  return { lines, stations: marks, step: stepOf(Math.max(columns.count, rows.count)) };
}

/** The bar from `from` to `to` along its side, where paths begin, and the letter outside it. */
function station(name: string, side: number, from: number, to: number, size: number) {
  const [inner, thick, letter] = [edge * size, barShare * size, letterShare * size];
  const [start, end, middle] = [from - thick, to + thick, (from + to) / 2];
  const outside = (inner - thick) / 2;
  const mirrored = side === 1 || side === 2;
  const depth = (at: number) => (mirrored ? size - at : at);
  const [near, far] = [depth(inner - thick), depth(inner)].sort((a, b) => a - b);
  const box: Box = isColumn(side) ? [start, near, end, far] : [near, start, far, end];
  const centre: Point = isColumn(side) ? [middle, depth(outside)] : [depth(outside), middle];
  const text: TextShape = { kind: "text", text: name, centre, size: letter, colour: inks.black };
  return { box, text };
}
