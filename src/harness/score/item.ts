import { mustBe } from "../../common/errors.ts";
import { normalised } from "../../eval/answers.ts";
import type { AnswerRecord, ItemRecord, ParsedAnswer } from "../record.ts";
import { boxIou, regionsBox } from "./boxes.ts";
import { noPoints, type PointScore, scorePoints } from "./points.ts";

/** What became of a question. */
export type Outcome = "right" | "wrong" | "unparsable" | "unanswered";

/** One question scored; `correct` is what accuracy counts. */
export interface ItemScore {
  readonly id: string;
  readonly task: string;
  readonly correct: boolean;
  readonly outcome: Outcome;
  /** Of a box answer: IoU with the truth, 0 for an answer that is no box. */
  readonly iou?: number;
  /** Of a points answer. */
  readonly points?: PointScore;
  /** Of a yes-no answer: what was said and what is true. */
  readonly yesNo?: { readonly said: "yes" | "no" | null; readonly truth: "yes" | "no" };
}

export interface ScoreOptions {
  /** From this IoU on a box is right; default 0.5, as referring expressions are scored. */
  readonly iou?: number;
  /** How far a point may lie from a truth without area, as a share of the image's diagonal; default 0.05. */
  readonly pointReach?: number;
}

export const scoreDefaults = { iou: 0.5, pointReach: 0.05 } as const;

/**
 * Scores the answer to one question. An answer that is missing, or that could not be read as one of the
 * question's type, is wrong. Boxes are right from `iou` on, points when every truth is found and nothing else
 * is pointed at.
 */
export function scoreItem(
  item: ItemRecord,
  answer: AnswerRecord | undefined,
  options: ScoreOptions = {},
): ItemScore {
  const parsed = answer?.parsed ?? null;
  const { correct, ...detail } = scorers[item.answerType](item, parsed, { ...scoreDefaults, ...options });
  const readable = parsed !== null && parsed.type === item.answerType;
  const said = readable ? (correct ? "right" : "wrong") : "unparsable";
  return {
    id: item.id,
    task: item.task,
    correct: readable && correct,
    outcome: answer === undefined ? "unanswered" : said,
    ...detail,
  };
}

type Detail = Pick<ItemScore, "correct" | "iou" | "points" | "yesNo">;
type Scorer = (item: ItemRecord, parsed: ParsedAnswer | null, options: Required<ScoreOptions>) => Detail;

const scorers: { readonly [K in ItemRecord["answerType"]]: Scorer } = {
  text: sameWords,
  label: sameWords,
  number: (item, parsed) => {
    const truth = wholeNumber(item);
    return { correct: parsed?.type === "number" && parsed.value === truth };
  },
  "yes-no": scoreYesNo,
  cell: (item, parsed) => {
    const [row, column] = cellPlace(item);
    return { correct: parsed?.type === "cell" && parsed.row === row && parsed.column === column };
  },
  points: ({ regions, width, height }, parsed, { pointReach }) => {
    const reach = pointReach * Math.hypot(width, height);
    const points = parsed?.type === "points" ? scorePoints(parsed.points, regions, reach) : noPoints(regions);
    return { correct: points.precision === 1 && points.recall === 1, points };
  },
  box: (item, parsed, options) => {
    const truth = regionsBox(item.regions);
    if (truth === undefined) throw badTruth(item, "a box among its regions", "none");
    const iou = parsed?.type === "box" ? boxIou(parsed.box, truth) : 0;
    return { correct: iou >= options.iou, iou };
  },
};

/** The same words whatever their case and spacing; case counts where it tells the choices apart. */
function sameWords({ answer, choices = [] }: ItemRecord, parsed: ParsedAnswer | null): Detail {
  if (parsed?.type !== "text" && parsed?.type !== "label") return { correct: false };
  const caseTells = new Set(choices.map(normalised)).size < new Set(choices).size;
  const form = caseTells ? (text: string) => text.trim() : normalised;
  return { correct: form(parsed.value) === form(answer) };
}

function scoreYesNo(item: ItemRecord, parsed: ParsedAnswer | null): Detail {
  const truth = yesOrNo(item.answer);
  if (truth === null) throw badTruth(item, "yes or no", item.answer);
  const said = parsed?.type === "yes-no" ? yesOrNo(parsed.value) : null;
  return { correct: said === truth, yesNo: { said, truth } };
}

function yesOrNo(text: string): "yes" | "no" | null {
  const word = normalised(text);
  return word === "yes" || word === "no" ? word : null;
}

function wholeNumber(item: ItemRecord): number {
  if (/^\s*[+-]?\d+\s*$/.test(item.answer)) return Number(item.answer);
  throw badTruth(item, "a whole number", item.answer);
}

/**
 * Row and column from 1: "row 2 column 3", or a column letter and a row number ("c2") from a1 at the top
 * left.
 */
function cellPlace(item: ItemRecord): [row: number, column: number] {
  const words = /^\s*row\s+(\d+)\s*,?\s*column\s+(\d+)\s*$/i.exec(item.answer);
  if (words !== null) return [Number(words[1]), Number(words[2])];
  const name = /^\s*([a-z])\s*(\d+)\s*$/i.exec(item.answer);
  if (name !== null) return [Number(name[2]), name[1].toLowerCase().charCodeAt(0) - 96];
  throw badTruth(item, 'a cell such as "row 2 column 3" or "c2"', item.answer);
}

/** Data whose own answer makes no sense would count every model as wrong without a word. */
const badTruth = ({ id }: ItemRecord, rule: string, got: string) => mustBe(`item ${id}`, "answer", rule, got);
