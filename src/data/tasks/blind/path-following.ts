import { z } from "zod";
import { mustBe } from "../../../common/errors.ts";
import type { Random } from "../../../common/random.ts";
import type { LineShape, Point, Shape } from "../../drawing/drawing.ts";
import { axis, defineDrawnTask } from "../drawn.ts";
import {
  choicesOf,
  commonOptions,
  inkNames,
  inks,
  onWhite,
  outline,
  phrase,
  spoken,
  strata,
  stroke,
  widthAxis,
} from "./shared.ts";
import { layMap, routeMap } from "./subway-map.ts";

const wordings = [
  "how many single-coloured paths go from {from} to {to} ?",
  "how many paths of one colour join {from} and {to} ?",
];
const stations = ["A", "B", "C", "D"] as const;
const counts = [0, 1, 2, 3] as const;
const totals = [3, 4, 5, 6] as const;

const options = z.strictObject({
  ...commonOptions,
  /** The answer. */
  count: axis(z.int().min(0).max(3), counts),
  /** All paths of the map, each of a colour of its own. */
  paths: axis(z.int().min(1).max(6), totals),
  /** Detours of every path: two bends more for each. */
  detours: axis(z.int().min(0).max(2), [0, 1]),
  width: widthAxis([4, 6]),
});

/**
 * "how many single-coloured paths go from A to C ?" -> "2": a subway map of four stations, each with three
 * places for paths, task 7 of "Vision language models are blind". Paths cross at right angles only.
 */
export const pathFollowing = defineDrawnTask({
  description: "count the paths between two stations of a subway map",
  wordings,
  options,
  make(random, given) {
    const [size, paths] = [random.pick(given.size), random.pick(given.paths)];
    const [detours, width] = [random.pick(given.detours), random.pick(given.width)];
    const count = random.pick(possible(given.count, paths));
    const [from, to, ...others] = random.shuffle(stations);
    const ends = joinStations(random, [from, to, ...others], paths, count);
    const map = routeMap(random, random.shuffle(stations), ends, detours);
    const { lines, stations: marks, step } = layMap(map, size);
    if (stroke(width, size) > 0.7 * step)
      throw mustBe("path-following", "width", "thinner, or the canvas larger, so that no paths touch", width);
    const counted = lines.filter(
      (_, i) => map.routes[i].ends.includes(from) && map.routes[i].ends.includes(to),
    );
    return onWhite(size, drawMap(random, lines, marks, stroke(width, size)), {
      question: phrase(random, wordings, given.wordings, { from, to }),
      answer: String(count),
      regions: counted.map((points) => ({ kind: "polyline" as const, points })),
      difficulty: { size, count, paths, detours, width },
      answerType: "number",
      choices: choicesOf(counts, given.count),
    });
  },
  words: ({ count, wordings: used }) => [...spoken(wordings, used), ...stations, ...count.map(String)],
  benchmark: {
    version: 1,
    count: 640,
    strata: strata({ count: counts, paths: totals, detours: [0, 1], width: [4, 6] }),
  },
});

function possible(counts: readonly number[], paths: number): number[] {
  const found = counts.filter((count) => count <= paths);
  if (found.length > 0) return found;
  throw mustBe("path-following", "count", `at most the number of paths, ${paths}`, counts);
}

/** Which stations each path joins: `count` join the first two of `names`, none has more than three. */
function joinStations(
  random: Random,
  names: readonly string[],
  paths: number,
  count: number,
): [string, string][] {
  const [from, to, c, d] = names;
  // biome-ignore format: pairs
  const pairs: [string, string][] = [[from, c], [from, d], [to, c], [to, d], [c, d]];
  for (;;) {
    const chosen = Array.from({ length: paths }, (_, i) =>
      i < count ? ([from, to] as [string, string]) : random.pick(pairs),
    );
    const used = (name: string) => chosen.filter((pair) => pair.includes(name)).length;
    if (names.every((name) => used(name) <= 3)) return random.shuffle(chosen);
  }
}

/** Every path in a colour of its own, in random order, under the stations. */
function drawMap(
  random: Random,
  lines: readonly (readonly Point[])[],
  marks: ReturnType<typeof layMap>["stations"],
  width: number,
): Shape[] {
  const names = random.shuffle(inkNames);
  const paths = lines.map(
    (points, i): LineShape => ({ kind: "line", points, width, colour: inks[names[i]] }),
  );
  const bars = marks.map(
    ({ box }): Shape => ({ kind: "polygon", points: outline(box).slice(1), colour: [110, 110, 110] }),
  );
  return [...random.shuffle(paths), ...bars, ...marks.map(({ text }) => text)];
}
