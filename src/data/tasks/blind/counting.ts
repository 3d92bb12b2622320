import { z } from "zod";
import type { Random } from "../../../common/random.ts";
import type { LineShape, Point, Shape } from "../../drawing/drawing.ts";
import { axis, defineDrawnTask } from "../drawn.ts";
import { direction, distance, regular } from "./geometry.ts";
import {
  type Box,
  choicesOf,
  commonOptions,
  type InkName,
  inkNames,
  inks,
  onWhite,
  phrase,
  spoken,
  strata,
  stroke,
  widthAxis,
} from "./shared.ts";

const wordings = ["how many {things} are there ?", "how many {things} do you see ?"];
const kinds = ["circles", "pentagons", "rows", "columns"] as const;
const layouts = ["interlocked", "apart", "overlapping"] as const;
const colourings = ["black", "different"] as const;
const counts = [3, 4, 5, 6, 7, 8, 9] as const;

const options = z.strictObject({
  ...commonOptions,
  /** What is counted: outlines, or the rows or columns of a grid. */
  kind: axis(z.enum(kinds), kinds),
  /** The answer. */
  count: axis(z.int().min(1).max(9), counts),
  /** Of circles and pentagons: interlocked in two rows like the Olympic rings, or scattered. */
  layout: axis(z.enum(layouts), layouts),
  colours: axis(z.enum(colourings), colourings),
  width: widthAxis([2, 3]),
});

/**
 * "how many circles are there ?" -> "7": outlines of one size, and rows or columns of grids, tasks 4 and 6 of
 * "Vision language models are blind". The size of the outlines says nothing of their number.
 */
export const counting = defineDrawnTask({
  description: "count circles, pentagons, rows or columns",
  wordings,
  options,
  make(random, given) {
    const [size, kind, count] = [random.pick(given.size), random.pick(given.kind), random.pick(given.count)];
    const [colours, width] = [random.pick(given.colours), random.pick(given.width)];
    const isGrid = kind === "rows" || kind === "columns";
    const layout = isGrid ? "grid" : random.pick(given.layout);
    const pen = { width: stroke(width, size), inks: inksFor(random, colours, 20) };
    const { shapes, boxes } = isGrid
      ? grid(random, size, kind, count, random.pick(given.count), pen)
      : outlines(random, size, kind, layout as Layout, count, pen);
    return onWhite(size, shapes, {
      question: phrase(random, wordings, given.wordings, { things: kind }),
      answer: String(count),
      regions: boxes.map((box) => ({ kind: "box" as const, box })),
      difficulty: { size, kind, count, layout, colours, width },
      answerType: "number",
      choices: choicesOf(counts, given.count),
    });
  },
  words: ({ kind, count, wordings: used }) => [...spoken(wordings, used), ...kind, ...count.map(String)],
  benchmark: {
    version: 1,
    count: 1008,
    strata: strata({ count: counts, kind: kinds, layout: layouts, colours: colourings }),
  },
});

type Layout = (typeof layouts)[number];

interface Pen {
  /** Pixels. */
  readonly width: number;
  readonly inks: readonly InkName[];
}

/** `count` inks, one colour for all or colours in turn. */
function inksFor(random: Random, colours: (typeof colourings)[number], count: number): InkName[] {
  const names = colours === "black" ? ["black" as const] : random.shuffle(inkNames);
  return Array.from({ length: count }, (_, i) => names[i % names.length]);
}

interface Counted {
  readonly shapes: readonly Shape[];
  /** Of each thing that is counted. */
  readonly boxes: readonly Box[];
}

/** Outlines of a size that lets nine of them fit, however many there are. */
function outlines(
  random: Random,
  size: number,
  kind: "circles" | "pentagons",
  layout: Layout,
  count: number,
  pen: Pen,
): Counted {
  const radius = size * (0.064 + 0.016 * random.uniform());
  const place = layout === "interlocked" ? interlocked : scattered;
  const centres = place({ random, size, radius, count, gap: pen.width + margin(size) }, layout);
  const draw = kind === "circles" ? circle : pentagon;
  const reach = radius + pen.width / 2;
  return {
    shapes: centres.map((centre, i) => draw(centre, radius, pen.width, pen.inks[i])),
    boxes: centres.map(([x, y]): Box => [x - reach, y - reach, x + reach, y + reach]),
  };
}

interface Placing {
  readonly random: Random;
  readonly size: number;
  readonly radius: number;
  readonly count: number;
  /** Between outlines that are apart, middle to middle of their strokes. */
  readonly gap: number;
}

/** Two rows, the second half a step to the side and lower, so that neighbours of different rows overlap. */
function interlocked({ random, size, radius, count, gap }: Placing): Point[] {
  const [step, drop] = [2 * radius + Math.max(0.2 * radius, 0.6 * gap), 0.8 * radius];
  const upperFirst = random.integer(2);
  const spans = [((count - 1) * step) / 2 + 2 * radius, drop + 2 * radius];
  const [left, top] = spans.map((span) => radius + (size - span) * (0.1 + 0.8 * random.uniform()));
  return Array.from({ length: count }, (_, i) => [
    left + (i * step) / 2,
    top + ((i + upperFirst) % 2) * drop,
  ]);
}

function margin(size: number): number {
  return 1.5 + 0.01 * size;
}

/** Random places: any two clearly apart or, where they may overlap, no nearer than a radius. */
function scattered(placing: Placing, layout: Layout): Point[] {
  const { random, size, radius, count, gap } = placing;
  const reach = radius + margin(size);
  const within = () => reach + random.uniform() * (size - 2 * reach);
  const overlapping = layout === "overlapping";
  const least = overlapping ? radius : 2 * radius + gap;
  for (;;) {
    const centres: Point[] = [];
    for (let attempt = 0; attempt < 40 * count && centres.length < count; attempt++) {
      const next: Point =
        overlapping && centres.length > 0
          ? beside(random, random.pick(centres), radius)
          : [within(), within()];
      const inside = next.every((c) => c >= reach && c <= size - reach);
      if (inside && centres.every((other) => distance(other, next) >= least)) centres.push(next);
    }
    if (centres.length === count) return centres;
  }
}

/** A centre of an outline that overlaps another. */
function beside(random: Random, [x, y]: Point, radius: number): Point {
  const [[dx, dy], far] = [direction(random), radius * (1 + 0.45 * random.uniform())];
  return [x + far * dx, y + far * dy];
}

function circle(centre: Point, radius: number, width: number, ink: InkName): Shape {
  return { kind: "ring", centre, radius, width, colour: inks[ink] };
}

function pentagon([x, y]: Point, radius: number, width: number, ink: InkName): Shape {
  const points = [...corners, corners[0]].map(([u, v]): Point => [x + radius * u, y + radius * v]);
  return { kind: "line", points, width, colour: inks[ink] };
}

/** Of a pentagon: cosine and sine of 72 degrees. */
const corners = regular(5, [(Math.sqrt(5) - 1) / 4, Math.sqrt(10 + 2 * Math.sqrt(5)) / 4]);

/** A grid with `count` rows or columns, whichever `kind` says, and `other` of the others. */
function grid(
  random: Random,
  size: number,
  kind: "rows" | "columns",
  count: number,
  other: number,
  pen: Pen,
): Counted {
  const [rows, columns] = kind === "rows" ? [count, other] : [other, count];
  const [width, height] = [0, 1].map(() => size * (0.7 + 0.22 * random.uniform()));
  const [left, top] = [width, height].map((extent) => (size - extent) * (0.2 + 0.6 * random.uniform()));
  const line = (points: Point[], i: number): LineShape => ({
    kind: "line",
    points,
    width: pen.width,
    colour: inks[pen.inks[i]],
  });
  const across = Array.from({ length: rows + 1 }, (_, i) => {
    const y = top + (height * i) / rows;
    // biome-ignore format: two ends
    return line([[left, y], [left + width, y]], i);
  });
  const down = Array.from({ length: columns + 1 }, (_, i) => {
    const x = left + (width * i) / columns;
    // biome-ignore format: two ends
    return line([[x, top], [x, top + height]], i);
  });
  const box = (i: number): Box =>
    kind === "rows"
      ? [left, top + (height * i) / rows, left + width, top + (height * (i + 1)) / rows]
      : [left + (width * i) / columns, top, left + (width * (i + 1)) / columns, top + height];
  return { shapes: [...across, ...down], boxes: Array.from({ length: count }, (_, i) => box(i)) };
}
