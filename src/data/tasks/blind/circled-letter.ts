import { z } from "zod";
import type { Random } from "../../../common/random.ts";
import type { LineShape, Point, Shape, TextShape } from "../../drawing/drawing.ts";
import { axis, defineDrawnTask } from "../drawn.ts";
import { regular } from "./geometry.ts";
import {
  type Box,
  commonOptions,
  inks,
  onWhite,
  phrase,
  spoken,
  strata,
  stroke,
  widthAxis,
} from "./shared.ts";

const wordings = ["which letter is circled ?", "which letter has a ring around it ?"];
const texts = ["words", "random", "paper"] as const;
const lengths = [5, 7, 9] as const;
const cases = ["lower", "upper"] as const;
const alphabet = "abcdefghijklmnopqrstuvwxyz";

/** By length; at each length every letter of the alphabet is found once in some word. */
const words: Readonly<Record<number, readonly string[]>> = {
  5: [
    "quick",
    "fjord",
    "waltz",
    "bumpy",
    "vexed",
    "ghost",
    "blank",
    "river",
    "music",
    "plane",
    "joker",
    "azure",
  ],
  7: [
    "jukebox",
    "quickly",
    "wizards",
    "flavour",
    "pythons",
    "camping",
    "bedtime",
    "shampoo",
    "exactly",
    "voyages",
  ],
  9: ["jacquards", "blowtorch", "exploding", "keyboards", "pulverize", "framework", "nightfall", "vineyards"],
};

/** The strings of the paper. */
const published = ["Acknowledgement", "Subdermatoglyphic", "tHyUiKaRbNqWeOpXcZvM"];

const options = z.strictObject({
  ...commonOptions,
  /** English words, random letters, or the three strings of the paper. */
  text: axis(z.enum(texts), ["words", "random"]),
  /** Letters of words and random letters. */
  length: axis(z.literal(lengths), lengths),
  /** Of words and random letters. */
  case: axis(z.enum(cases), cases),
  /** Of the ring; on small letters at most a fifth of their height. */
  width: widthAxis([2, 4]),
});

/**
 * "which letter is circled ?" -> "m": one letter of a string has a red ring around it, task 3 of "Vision
 * language models are blind". The letter occurs once in the string; in words and random letters, all 26 are
 * as likely.
 */
export const circledLetter = defineDrawnTask({
  description: "name the letter that is circled in a string",
  wordings,
  options,
  make(random, given) {
    const [size, text] = [random.pick(given.size), random.pick(given.text)];
    const [length, width] = [random.pick(given.length), random.pick(given.width)];
    const letterCase = random.pick(given.case);
    const { string, index } = spell(random, text, length, letterCase);
    const { shapes, ring } = layOut(random, string, index, size, stroke(width, size));
    const shown = text === "paper" ? "mixed" : letterCase;
    return onWhite(size, shapes, {
      question: phrase(random, wordings, given.wordings),
      answer: string[index],
      regions: [{ kind: "box", box: ring }],
      difficulty: { size, text, length: string.length, case: shown, width },
      answerType: "label",
    });
  },
  words: ({ text, case: of, wordings: count }) => [
    ...spoken(wordings, count),
    ...(of.includes("lower") || text.includes("paper") ? alphabet : []),
    ...(of.includes("upper") || text.includes("paper") ? alphabet.toUpperCase() : []),
  ],
  benchmark: {
    version: 1,
    count: 720,
    strata: (index) => (index < 600 ? usual(index) : { text: "paper", width: index % 2 === 0 ? 2 : 4 }),
  },
});

const usual = strata({ text: ["words", "random"], length: lengths, case: cases, width: [2, 4] });

/** A string and the place of a letter that occurs once in it; first the letter is chosen, then the string. */
function spell(
  random: Random,
  text: (typeof texts)[number],
  length: number,
  letterCase: (typeof cases)[number],
) {
  if (text === "paper") {
    const string = random.pick(published);
    const index = random.pick([...string].flatMap((letter, i) => (occursOnce(string, letter) ? [i] : [])));
    return { string, index };
  }
  const letter = random.pick([...alphabet]);
  const word = text === "words" ? random.pick(holding(letter, length)) : scramble(random, letter, length);
  return { string: letterCase === "upper" ? word.toUpperCase() : word, index: word.indexOf(letter) };
}

function occursOnce(string: string, letter: string): boolean {
  return string.indexOf(letter) === string.lastIndexOf(letter);
}

/** The words of a length in which a letter occurs once. */
function holding(letter: string, length: number): string[] {
  return words[length].filter((word) => word.includes(letter) && occursOnce(word, letter));
}

/** Different letters in random order, `letter` among them. */
function scramble(random: Random, letter: string, length: number): string {
  const others = random.shuffle([...alphabet].filter((other) => other !== letter)).slice(1, length);
  return random.shuffle([letter, ...others]).join("");
}

/** In letter heights: distance of letters, half width and half height of the ring, how far it sits lower. */
const [advance, ringX, ringY, lower] = [1.25, 0.6, 0.95, 0.16];

/** The letters in a line somewhere on the canvas, far enough apart that the ring holds one alone. */
function layOut(random: Random, string: string, index: number, size: number, width: number) {
  const inHeights = advance * (string.length - 1) + 2 * ringX;
  const most = Math.min(0.13 * size, (size - 2 * width - 2) / inHeights);
  const height = most * (0.85 + 0.15 * random.uniform());
  const [reachX, reachY] = [ringX * height + width, (ringY + lower) * height + width];
  const left = reachX + random.uniform() * (size - 2 * reachX - advance * height * (string.length - 1));
  const y = reachY + random.uniform() * (size - 2 * reachY);
  const letters = [...string].map((text, i): TextShape => {
    return { kind: "text", text, centre: [left + i * advance * height, y], size: height, colour: inks.black };
  });
  const centre: Point = [letters[index].centre[0], y + lower * height];
  const [rx, ry] = [ringX * height, ringY * height];
  const thick = Math.min(width, Math.max(1, 0.2 * height));
  const half = thick / 2;
  const ring: Box = [
    centre[0] - rx - half,
    centre[1] - ry - half,
    centre[0] + rx + half,
    centre[1] + ry + half,
  ];
  const shapes: Shape[] = [...letters, oval(centre, rx, ry, thick)];
  return { shapes, ring };
}

function oval([x, y]: Point, rx: number, ry: number, width: number): LineShape {
  const points = [...circle, circle[0]].map(([u, v]): Point => [x + rx * u, y + ry * v]);
  return { kind: "line", points, width, colour: inks.red };
}

/** 32 points; cosine and sine of 11.25 degrees. */
const circle = regular(32, [
  Math.sqrt(2 + Math.sqrt(2 + Math.sqrt(2))) / 2,
  Math.sqrt(2 - Math.sqrt(2 + Math.sqrt(2))) / 2,
]);
