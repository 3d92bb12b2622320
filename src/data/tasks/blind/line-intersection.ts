import { z } from "zod";
import { mustBe } from "../../../common/errors.ts";
import type { Random } from "../../../common/random.ts";
import type { LineShape, Point } from "../../drawing/drawing.ts";
import { axis, type Drawn, defineDrawnTask } from "../drawn.ts";
import { type Clearance, nearLine, selfFaults, survey } from "./geometry.ts";
import {
  commonOptions,
  type InkName,
  inkNames,
  inks,
  numbers,
  onWhite,
  phrase,
  spoken,
  strata,
  stroke,
  widthAxis,
} from "./shared.ts";

const families = ["blind", "hard"] as const;
const wordings = [
  "how many times do the {pair} lines cross ?",
  "at how many points do the {pair} lines cross ?",
];

const options = z.strictObject({
  ...commonOptions,
  /** blind: as in the paper; hard: lines of more knots that wander, with others between them. */
  family: axis(z.enum(families), ["blind"]),
  width: widthAxis([2, 4]),
  /** The answers; those above 2 are for the hard family. */
  crossings: axis(z.int().min(0).max(6), [0, 1, 2, 3, 4, 5, 6]),
  /** Of each of the two lines of the hard family. */
  knots: axis(z.int().min(4).max(6), [4, 5, 6]),
  /** Whether the two lines of the hard family have the same colour. */
  colours: axis(z.enum(["different", "same"]), ["different", "same"]),
  /** Lines of other colours, in the hard family. */
  distractors: axis(z.int().min(0).max(3), [0, 1, 2]),
});
type Options = z.output<typeof options>;

/** The values that one item takes. */
interface Item {
  readonly size: number;
  readonly family: (typeof families)[number];
  readonly width: number;
  readonly crossings: number;
  readonly knots: number;
  readonly colours: string;
  readonly distractors: number;
}

/**
 * "how many times do the red and blue lines cross ?" -> "2". The family "blind" is that of "Vision language
 * models are blind" (Rahmanzadehgervi et al., arXiv 2407.06581): three knots a line, in three columns.
 */
export const lineIntersection = defineDrawnTask({
  description: "count the crossings of two lines",
  wordings,
  options,
  make(random, given) {
    const item = chooseItem(random, given);
    const least = clearance(stroke(item.width, item.size), item.size);
    const search = item.family === "blind" ? plainPair : wildPair;
    const asked = search(random, item, least);
    const others: Point[][] = [];
    while (others.length < item.distractors) others.push(distractor(random, item, asked, least));
    return drawn(random, item, given.wordings, asked, others);
  },
  words: ({ family, crossings, wordings: count }) => [
    ...spoken(wordings, count),
    "two",
    "and",
    ...(family.includes("hard") ? inkNames : ["red", "blue"]),
    ...possible(family, crossings).map(String),
  ],
  benchmark: {
    version: 1,
    count: 1134,
    strata: (index) => (index < 504 ? plainStrata(index) : wildStrata(index - 504)),
  },
});

const plainOf = strata({ crossings: [0, 1, 2], width: [2, 4] });
const wildOf = strata({
  crossings: [0, 1, 2, 3, 4, 5, 6],
  knots: [4, 5, 6],
  distractors: [0, 1, 2],
  colours: ["different", "same"],
});
const plainStrata = (index: number) => ({ family: "blind", ...plainOf(index) });
const wildStrata = (index: number) => ({ family: "hard", ...wildOf(index) });

/** The counts that a family can have, among those asked for. */
function possible(families: readonly string[], crossings: readonly number[]): number[] {
  const most = families.includes("hard") ? 6 : 2;
  const found = crossings.filter((count) => count <= most);
  if (found.length === 0)
    throw mustBe("line-intersection", "crossings", "0, 1 or 2 in the family blind", crossings);
  return found;
}

function chooseItem(random: Random, given: Options): Item {
  const [size, family] = [random.pick(given.size), random.pick(given.family)];
  const [width, crossings] = [random.pick(given.width), random.pick(possible([family], given.crossings))];
  const [knots, colours] = [random.pick(given.knots), random.pick(given.colours)];
  const distractors = random.pick(given.distractors);
  return family === "blind"
    ? { size, family, width, crossings, knots: 3, colours: "different", distractors: 0 }
    : { size, family, width, crossings, knots, colours, distractors };
}

function clearance(width: number, size: number): Clearance {
  const knot = 1.25 * width + Math.max(1.25, 0.012 * size);
  return { knot, crossings: 2 * knot, sine: 0.3 };
}

interface Pair {
  readonly pair: readonly (readonly Point[])[];
  readonly crossings: readonly Point[];
}

/** Three knots at the left, in the middle and at the right, at random heights. */
function plainPair(random: Random, { size, crossings, width }: Item, least: Clearance): Pair {
  const margin = 0.08 * size;
  const height = () => margin + random.uniform() * (size - 2 * margin);
  const line = (): Point[] => [margin, size / 2, size - margin].map((x) => [x, height()]);
  for (let attempt = 0; attempt < 20_000; attempt++) {
    const pair = [line(), line()];
    const found = survey(pair[0], pair[1], least);
    if (found.faults === 0 && found.crossings.length === crossings)
      return { pair, crossings: found.crossings };
  }
  throw crowded(width);
}

function crowded(width: number): Error {
  return mustBe("line-intersection", "width", "thin enough that crossings can be told apart", width);
}

function anywhere(random: Random, size: number): Point {
  const margin = 0.07 * size;
  const within = () => margin + random.uniform() * (size - 2 * margin);
  return [within(), within()];
}

/** Up to an eighth of the canvas from a place, inside the margin. */
function nearby(random: Random, place: Point, size: number): Point {
  const [least, most] = [0.07 * size, 0.93 * size];
  const beside = (at: number) => Math.min(most, Math.max(least, at + (random.uniform() - 0.5) * 0.25 * size));
  return [beside(place[0]), beside(place[1])];
}

/** How many moves of a knot a search tries before it starts afresh. */
const patience = 400;

/**
 * Moves knots one by one to places that do no more harm, until there is none; false when that takes long.
 * `harm` may stop counting beyond `enough`.
 */
function settle(
  random: Random,
  lines: readonly Point[][],
  size: number,
  harm: (enough: number) => number,
): boolean {
  let now = harm(Number.POSITIVE_INFINITY);
  for (let move = 0; move < patience && now > 0; move++) {
    const line = random.pick(lines);
    const knot = random.integer(line.length);
    const before = line[knot];
    line[knot] = random.uniform() < 0.5 ? anywhere(random, size) : nearby(random, before, size);
    const next = harm(now);
    if (next <= now) now = next;
    else line[knot] = before;
  }
  return now === 0;
}

/** Lines of `knots` knots that wander over the canvas, none crossing itself. */
function wildPair(random: Random, { size, crossings, knots, width }: Item, least: Clearance): Pair {
  for (let attempt = 0; attempt < 200; attempt++) {
    const [a, b] = [0, 1].map(() => Array.from({ length: knots }, () => anywhere(random, size)));
    const harm = (enough: number) => {
      const self = selfFaults(a, least) + selfFaults(b, least);
      if (self > enough) return self;
      const { crossings: met, faults } = survey(a, b, least);
      return self + faults + 2 * Math.abs(met.length - crossings);
    };
    if (settle(random, [a, b], size, harm)) return { pair: [a, b], crossings: survey(a, b, least).crossings };
  }
  throw crowded(width);
}

/** A line that keeps clear of the crossings that count and never runs along either line asked about. */
function distractor(
  random: Random,
  { size, knots, width }: Item,
  { pair, crossings }: Pair,
  least: Clearance,
) {
  const looser = { ...least, crossings: 0, knot: stroke(width, size) };
  for (let attempt = 0; attempt < 200; attempt++) {
    const line = Array.from({ length: 3 + random.integer(knots - 2) }, () => anywhere(random, size));
    const harm = (enough: number) => {
      let sum = selfFaults(line, least);
      if (sum > enough) return sum;
      for (const asked of pair) sum += survey(line, asked, looser).faults;
      for (const crossing of crossings) if (nearLine(crossing, line, least.crossings)) sum++;
      return sum;
    };
    if (settle(random, [line], size, harm)) return line;
  }
  throw crowded(width);
}

function drawn(
  random: Random,
  item: Item,
  count: number,
  { pair, crossings }: Pair,
  others: readonly (readonly Point[])[],
): Drawn {
  const names: InkName[] =
    item.family === "blind" ? random.shuffle(["red", "blue"]) : random.shuffle(inkNames);
  const same = item.colours === "same";
  const named = same ? [names[0], names[0], ...names.slice(1)] : names;
  const width = stroke(item.width, item.size);
  const shapes = [...pair, ...others].map(
    (points, i): LineShape => ({ kind: "line", points, width, colour: inks[named[i]] }),
  );
  const asked = same ? `two ${names[0]}` : `${names[0]} and ${names[1]}`;
  const question = {
    question: phrase(random, wordings, count, { pair: asked }),
    answer: String(item.crossings),
    regions: crossings.length === 0 ? [] : [{ kind: "points" as const, points: crossings }],
    difficulty: { ...item },
    answerType: "number" as const,
    choices: numbers(0, item.family === "blind" ? 2 : 6),
  };
  return onWhite(item.size, random.shuffle(shapes), question);
}
