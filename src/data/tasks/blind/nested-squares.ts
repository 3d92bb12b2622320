import { z } from "zod";
import { mustBe } from "../../../common/errors.ts";
import type { Random } from "../../../common/random.ts";
import type { LineShape } from "../../drawing/drawing.ts";
import { axis, defineDrawnTask } from "../drawn.ts";
import {
  type Box,
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

const wordings = ["how many squares are there ?", "how many squares do you see ?"];
const depths = [2, 3, 4, 5, 6] as const;
const colourings = ["black", "different"] as const;

const options = z.strictObject({
  ...commonOptions,
  depth: axis(z.int().min(1).max(8), depths),
  width: widthAxis([2, 3, 4]),
  colours: axis(z.enum(colourings), colourings),
});

/** "how many squares are there ?" -> "4": nested squares, task 5 of "Vision language models are blind". */
export const nestedSquares = defineDrawnTask({
  description: "count squares that lie inside one another",
  wordings,
  options,
  make(random, given) {
    const [size, depth] = [random.pick(given.size), random.pick(given.depth)];
    const [width, colours] = [random.pick(given.width), random.pick(given.colours)];
    const line = stroke(width, size);
    const boxes = nest(random, size, depth, width);
    const names = random.shuffle(inkNames);
    const shapes = boxes.map((box, i): LineShape => {
      const colour = colours === "black" ? inks.black : inks[names[i % names.length]];
      return { kind: "line", points: outline(box), width: line, colour };
    });
    return onWhite(size, shapes, {
      question: phrase(random, wordings, given.wordings),
      answer: String(depth),
      regions: boxes.map((box) => ({ kind: "box" as const, box })),
      difficulty: { size, depth, width, colours },
      answerType: "number",
      choices: choicesOf(depths, given.depth),
    });
  },
  words: (given) => [...spoken(wordings, given.wordings), ...given.depth.map(String)],
  benchmark: {
    version: 1,
    count: 600,
    strata: strata({ depth: depths, width: [2, 3, 4], colours: colourings }),
  },
});

/** Squares from the outside in, each at a random place inside the last; white shows between any two. */
function nest(random: Random, size: number, depth: number, width: number): Box[] {
  const line = stroke(width, size);
  const gap = line + Math.max(2, 0.01 * size);
  const shrink = 0.72 + 0.13 * random.uniform();
  let side = size * (0.8 + 0.12 * random.uniform());
  let [x, y] = [
    random.uniform() * (size - side - 2 * line) + line,
    random.uniform() * (size - side - 2 * line) + line,
  ];
  const boxes: Box[] = [[x, y, x + side, y + side]];
  while (boxes.length < depth) {
    const inner = Math.min(shrink * side, side - 2 * gap);
    if (inner < gap) throw mustBe("nested-squares", "width", "thinner, so that all squares fit", width);
    x += gap + random.uniform() * (side - inner - 2 * gap);
    y += gap + random.uniform() * (side - inner - 2 * gap);
    side = inner;
    boxes.push([x, y, x + side, y + side]);
  }
  return boxes;
}
