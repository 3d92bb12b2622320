import { z } from "zod";
import type { Random } from "../../../common/random.ts";
import type { LineShape, Point, Shape } from "../../drawing/drawing.ts";
import { axis, defineDrawnTask } from "../drawn.ts";
import {
  type Box,
  commonOptions,
  type InkName,
  inkNames,
  inks,
  numbers,
  onWhite,
  outline,
  phrase,
  spoken,
  strata,
  stroke,
  widthAxis,
} from "./shared.ts";

const markKinds = ["fill", "dot", "cross", "letter"] as const;
type MarkKind = (typeof markKinds)[number];

const alone = ["which row and column is marked ?", "in which row and column is the mark ?"];
const among = [
  "which row and column has the {colour} mark ?",
  "in which row and column is the {colour} mark ?",
];

const options = z.strictObject({
  ...commonOptions,
  /** Rows and columns of the grid. */
  grid: axis(z.int().min(2).max(12), [3, 4, 5, 6, 7, 8]),
  mark: axis(z.enum(markKinds), markKinds),
  /** Marks of other colours; the question then names the colour of the one it asks about. */
  distractors: axis(z.int().min(0).max(3), [0]),
  width: widthAxis([2]),
});

/** "which row and column is marked ?" -> "row 2 column 3", counted from 1 at the top left. */
export const markedCell = defineDrawnTask({
  description: "say which cell of a drawn grid is marked",
  wordings: [...alone, ...among],
  options,
  make(random, given) {
    const [size, grid] = [random.pick(given.size), random.pick(given.grid)];
    const [mark, distractors] = [random.pick(given.mark), random.pick(given.distractors)];
    const width = random.pick(given.width);
    const cells = chooseCells(random, grid * grid, distractors + 1);
    const [asked] = cells;
    const colours = random.shuffle(inkNames);
    const boxes = cells.map((cell) => cellBox(cell, grid, size));
    const marks = boxes.flatMap((box, i) => drawMark(random, mark, box, colours[i]));
    const lines = gridLines(grid, size, stroke(width, size));
    const question = {
      question: phrase(random, distractors === 0 ? alone : among, given.wordings, { colour: colours[0] }),
      answer: `row ${Math.floor(asked / grid) + 1} column ${(asked % grid) + 1}`,
      regions: [{ kind: "box" as const, box: boxes[0] }],
      difficulty: { size, grid, mark, distractors, width },
      answerType: "cell" as const,
    };
    return onWhite(size, [...marks, ...lines], question);
  },
  words: ({ grid, distractors, wordings }) => [
    ...spoken(alone, wordings),
    ...(Math.max(...distractors) > 0 ? spoken(among, wordings) : []),
    "row",
    "column",
    ...numbers(1, Math.max(...grid)),
    ...(Math.max(...distractors) > 0 ? inkNames : []),
  ],
  benchmark: {
    version: 1,
    count: 960,
    strata: strata({ grid: [3, 4, 5, 6, 7, 8], mark: markKinds, distractors: [0, 1, 2, 3] }),
  },
});

/** Different cells of `count`, each as likely as any other. */
function chooseCells(random: Random, count: number, wanted: number): number[] {
  const chosen: number[] = [];
  while (chosen.length < wanted) {
    const cell = random.integer(count);
    if (!chosen.includes(cell)) chosen.push(cell);
  }
  return chosen;
}

/** The grid leaves this share of the canvas free on every side. */
const margin = 0.05;

function edge(index: number, grid: number, size: number): number {
  return size * (margin + ((1 - 2 * margin) * index) / grid);
}

function cellBox(cell: number, grid: number, size: number): Box {
  const [row, column] = [Math.floor(cell / grid), cell % grid];
  const at = (index: number) => edge(index, grid, size);
  return [at(column), at(row), at(column + 1), at(row + 1)];
}

function gridLines(grid: number, size: number, width: number): LineShape[] {
  const [first, last] = [edge(0, grid, size), edge(grid, grid, size)];
  const line = (points: Point[]): LineShape => ({ kind: "line", points, width, colour: [60, 60, 60] });
  return Array.from({ length: grid + 1 }, (_, i) => edge(i, grid, size)).flatMap((at) => [
    // biome-ignore format: two ends
    line([[first, at], [last, at]]),
    // biome-ignore format: two ends
    line([[at, first], [at, last]]),
  ]);
}

function drawMark(random: Random, mark: MarkKind, box: Box, ink: InkName): Shape[] {
  const [x0, y0, x1, y1] = box;
  const [colour, side] = [inks[ink], x1 - x0];
  const centre: Point = [(x0 + x1) / 2, (y0 + y1) / 2];
  const arm = 0.3 * side;
  const [[left, right], [top, bottom]] = centre.map((c) => [c - arm, c + arm]);
  switch (mark) {
    case "fill":
      return [{ kind: "polygon", points: outline(box).slice(1), colour }];
    case "dot":
      return [{ kind: "disc", centre, radius: arm, colour }];
    case "cross": {
      const width = Math.max(1, 0.12 * side);
      return [
        // biome-ignore format: two ends
        { kind: "line", points: [[left, top], [right, bottom]], width, colour },
        // biome-ignore format: two ends
        { kind: "line", points: [[left, bottom], [right, top]], width, colour },
      ];
    }
    case "letter":
      return [
        {
          kind: "text",
          text: String.fromCharCode(65 + random.integer(26)),
          centre,
          size: 0.6 * side,
          colour,
        },
      ];
  }
}
