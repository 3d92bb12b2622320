/** What a model is trained to answer, with places in its own numbers. */
import type { Box, Point } from "../grounding/geometry.ts";
import { middlePixel } from "../grounding/mask.ts";
import type { Region } from "../grounding/region.ts";
import {
  boxOf,
  boxText,
  type Frame,
  hundredths,
  type PlaceStyle,
  pointOf,
  pointsText,
  pointText,
  stepNames,
} from "../grounding/text.ts";
import { regionsBox } from "./boxes.ts";
import type { AnswerType } from "./kinds.ts";
import { scorePoints } from "./points.ts";

/** A question with the answer that its data folder holds. */
export interface WrittenQuestion {
  readonly question: string;
  readonly answer: string;
  readonly answerType?: AnswerType;
  /** In pixels of the picture. */
  readonly regions: readonly Region[];
}

/**
 * The answer that a model of a style is trained to give. Data folders hold places in hundredths, with the regions in
 * pixels: points and boxes are written anew from these, and hundredths of them inside of free text; every other answer
 * stays. An answer in hundredths stays as it is for a model that writes hundredths, unless it is not where its regions
 * are.
 */
export function writeAnswer(question: WrittenQuestion, style: PlaceStyle, frame: Frame): string {
  return writers[question.answerType ?? "text"](question, style, frame);
}

/** The question for a model of a style: where its words hold places of its regions, in the model's numbers. */
export function writeQuestion(question: WrittenQuestion, style: PlaceStyle, frame: Frame): string {
  return placesInText(question.question, question.regions, style, frame);
}

/** Words that {@link writeAnswer} may need in hundredths beside those of the data's own answers. */
export function placeWords(questions: readonly WrittenQuestion[]): string[] {
  const isWritten = ({ answer, answerType }: WrittenQuestion) =>
    (answerType === "points" || answerType === "box") &&
    !/^\s*(?:none|\d{1,2}(?:[\s,]+\d{1,2})*)\s*$/i.test(answer);
  return questions.some(isWritten) ? [...stepNames({}), ",", "none"] : [];
}

type Writer = (question: WrittenQuestion, style: PlaceStyle, frame: Frame) => string;

const asItIs: Writer = ({ answer }) => answer;
const inText: Writer = ({ answer, regions }, style, frame) => placesInText(answer, regions, style, frame);

const writers: Readonly<Record<AnswerType, Writer>> = {
  text: inText,
  label: asItIs,
  number: asItIs,
  "yes-no": asItIs,
  cell: asItIs,
  points(question, style, frame) {
    const said = saidPoints(question.answer, frame);
    if (said !== undefined && isOwn(style) && onRegions(said, question.regions, frame))
      return question.answer;
    const points = truePoints(question.regions, said, frame);
    return points === undefined ? question.answer : pointsText(points, style, frame);
  },
  box(question, style, frame) {
    const box = regionsBox(question.regions);
    const said = saidBox(question.answer, frame);
    if (said !== undefined && isOwn(style) && (box === undefined || isNear(said, box, frame)))
      return question.answer;
    const truth = box ?? said;
    return truth === undefined ? question.answer : boxText(truth, style, frame);
  },
};

/** Hundredths in the form of data folders. */
const isOwn = ({ scale, order, form }: PlaceStyle) =>
  scale === hundredths.scale && order === hundredths.order && form === hundredths.form;

/** "34 71 , 10 8" in hundredths as points in pixels; undefined for other texts. "none" is no point. */
function saidPoints(answer: string, frame: Frame): Point[] | undefined {
  if (/^\s*none\s*$/i.test(answer)) return [];
  const pairs = answer.split(",").map((pair) => wholeNumbers(pair, 2));
  if (pairs.some((pair) => pair === undefined)) return undefined;
  return (pairs as [number, number][]).map((pair) => pointOf(pair, hundredths, frame));
}

function saidBox(answer: string, frame: Frame): Box | undefined {
  const numbers = wholeNumbers(answer, 4);
  if (numbers === undefined || numbers[0] > numbers[2] || numbers[1] > numbers[3]) return undefined;
  return boxOf(numbers, hundredths, frame);
}

/** `count` whole numbers from 0 to 99 and nothing else. */
function wholeNumbers(text: string, count: number): number[] | undefined {
  const words = text.trim().split(/\s+/);
  const are = words.length === count && words.every((word) => /^\d{1,2}$/.test(word));
  return are ? words.map(Number) : undefined;
}

/** How far coordinates in hundredths may be from the truth: data may count in coarser steps (`pointBins`). */
const coarsest = 0.06;

function isNear(said: Box, truth: Box, { original }: Frame): boolean {
  return said.every(
    (value, i) => Math.abs(value - truth[i]) <= coarsest * (i % 2 ? original.height : original.width),
  );
}

/** Whether every point lies within the box of a region, or near it. */
function onRegions(points: readonly Point[], regions: readonly Region[], { original }: Frame): boolean {
  if (regions.length === 0) return true;
  const [dx, dy] = [coarsest * original.width, coarsest * original.height];
  return points.every(([x, y]) =>
    regions.some((region) => {
      const box = regionsBox([region]);
      return (
        box !== undefined && x >= box[0] - dx && x <= box[2] + dx && y >= box[1] - dy && y <= box[3] + dy
      );
    }),
  );
}

/** Points that the regions are; else those that the answer names, where they lie on them; else the regions' middles. */
function truePoints(
  regions: readonly Region[],
  said: Point[] | undefined,
  frame: Frame,
): Point[] | undefined {
  if (regions.length === 0) return said;
  if (regions.every(({ kind }) => kind === "points"))
    return regions.flatMap((region) => (region.kind === "points" ? [...region.points] : []));
  if (said !== undefined && said.length > 0 && onRegions(said, regions, frame)) return said;
  return regions.map(middleOf);
}

function middleOf(region: Region): Point {
  if (region.kind === "mask") return middlePixel(region);
  const [x0, y0, x1, y1] = regionsBox([region]) as Box;
  return [(x0 + x1) / 2, (y0 + y1) / 2];
}

/** Two or four whole numbers below 100, apart from other numbers. */
const placePattern = /(?<![\d.] ?)\d{1,2} \d{1,2}(?: \d{1,2} \d{1,2})?(?! ?\d|[.]\d)/g;

/**
 * A text in which places stand in hundredths, as imports write them, with these places in a style: four numbers that are
 * the box of a region, two that are a point of it or lie on it. Other numbers are left alone.
 */
function placesInText(text: string, regions: readonly Region[], style: PlaceStyle, frame: Frame): string {
  if (isOwn(style) || regions.length === 0) return text;
  return text.replaceAll(placePattern, (found) => {
    const box = regions
      .map((region) => regionsBox([region]))
      .find((box) => box !== undefined && boxText(box, hundredths, frame) === found);
    if (box !== undefined) return boxText(box, style, frame);
    const numbers = wholeNumbers(found, 2);
    if (numbers === undefined) return found;
    const exact = regions
      .flatMap((region) => (region.kind === "points" ? region.points : []))
      .find((point) => pointText(point, hundredths, frame) === found);
    const [x, y] = numbers;
    const point = exact ?? pointOf([x, y], hundredths, frame);
    const on = exact !== undefined || scorePoints([point], regions, 0).hits === 1;
    return on ? pointText(point, style, frame) : found;
  });
}
