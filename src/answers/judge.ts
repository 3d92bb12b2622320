/** Right or wrong, by the kind of the answer. */
import { mustBe, UserError } from "../common/errors.ts";
import { boxIou, regionsBox } from "./boxes.ts";
import type { AnswerType, ParsedAnswer, Truth } from "./kinds.ts";
import { noPoints, type PointScore, scorePoints } from "./points.ts";
import { readText } from "./reading/choices.ts";
import { plainText } from "./reading/segments.ts";

/** Whether an answer is right, with what its kind is measured by. */
export interface Verdict {
  /** What accuracy counts. */
  readonly correct: boolean;
  /** Of a box answer: IoU with the truth, 0 for an answer that is no box. */
  readonly iou?: number;
  /** Of a points answer. */
  readonly points?: PointScore;
  /** Of a yes-no answer: what was said and what is true. */
  readonly yesNo?: { readonly said: "yes" | "no" | null; readonly truth: "yes" | "no" };
}

export interface JudgeOptions {
  /** From this IoU on a box is right; default 0.5, as referring expressions are scored. */
  readonly iou?: number;
  /** How far a point may lie from a truth without area, as a share of the image's diagonal; default 0.05. */
  readonly pointReach?: number;
}

export const judgeDefaults = { iou: 0.5, pointReach: 0.05 } as const;

/**
 * Judges what was read of an answer by the kind of the question's answer; null, or an answer of another kind, is wrong.
 * Throws a `UserError` where the question's own answer makes no sense (see {@link checkTruth}).
 */
export function judge(truth: Truth, parsed: ParsedAnswer | null, options: JudgeOptions = {}): Verdict {
  const own = parsed?.type === truth.answerType ? parsed : null;
  const { correct, ...detail } = judges[truth.answerType](truth, own, { ...judgeDefaults, ...options });
  return { correct: own !== null && correct, ...detail };
}

/**
 * Throws a `UserError` where a question's own answer is none of its kind, or not among its choices: every model would
 * be counted as wrong without a word. `what` names the question.
 */
export function checkTruth(truth: Truth, what: string): void {
  const { answer, choices } = truth;
  try {
    judges[truth.answerType](truth, null, judgeDefaults);
  } catch (cause) {
    if (cause instanceof UserError) throw new UserError(`${what}: ${cause.message}`, { cause });
    throw cause;
  }
  if (choices === undefined) return;
  if (choiceOf(answer, choices) === undefined)
    throw mustBe(what, "answer", `one of its choices (${choices.join(", ")})`, answer);
}

type Judge = (truth: Truth, parsed: ParsedAnswer | null, options: Required<JudgeOptions>) => Verdict;

const judges: { readonly [K in AnswerType]: Judge } = {
  text: sameWords,
  label: sameWords,
  number: (truth, parsed) => {
    const right = wholeNumber(truth);
    return { correct: parsed?.type === "number" && parsed.value === right };
  },
  "yes-no": judgeYesNo,
  cell: (truth, parsed) => {
    const [row, column] = cellPlace(truth);
    return { correct: parsed?.type === "cell" && parsed.row === row && parsed.column === column };
  },
  points: ({ regions, width, height }, parsed, { pointReach }) => {
    const reach = pointReach * Math.hypot(width, height);
    const points = parsed?.type === "points" ? scorePoints(parsed.points, regions, reach) : noPoints(regions);
    return { correct: points.precision === 1 && points.recall === 1, points };
  },
  box: (truth, parsed, options) => {
    const right = regionsBox(truth.regions);
    if (right === undefined) throw badTruth("a box among its regions", "none");
    const iou = parsed?.type === "box" ? boxIou(parsed.box, right) : 0;
    return { correct: iou >= options.iou, iou };
  },
};

/**
 * The same words whatever their case and spacing, and without the marks around them; the same choice where there are
 * choices, whose case counts where it tells two of them apart.
 */
function sameWords({ answer, choices }: Truth, parsed: ParsedAnswer | null): Verdict {
  if (parsed?.type !== "text" && parsed?.type !== "label") return { correct: false };
  if (choices !== undefined) {
    const right = choiceOf(answer, choices);
    return { correct: right !== undefined && choiceOf(parsed.value, choices) === right };
  }
  const forms = (text: string) => [normalised(text), normalised(shownText(text))];
  return { correct: forms(parsed.value).some((form) => forms(answer).includes(form)) };
}

function shownText(text: string): string {
  const reading = readText(plainText(text));
  return "value" in reading ? reading.value : text;
}

/** The choice that a text is, as it stands in the list. */
function choiceOf(text: string, choices: readonly string[]): string | undefined {
  if (choices.includes(text)) return text;
  const same = choices.filter((choice) => normalised(choice) === normalised(text));
  if (same.length === 1) return same[0];
  const exact = choices.filter((choice) => choice.trim() === text.trim());
  return exact.length === 1 ? exact[0] : undefined;
}

/** Lower case with single spaces. */
export function normalised(text: string): string {
  return text.trim().toLowerCase().replaceAll(/\s+/g, " ");
}

function judgeYesNo({ answer }: Truth, parsed: ParsedAnswer | null): Verdict {
  const truth = yesOrNo(answer);
  if (truth === null) throw badTruth("yes or no", answer);
  const said = parsed?.type === "yes-no" ? yesOrNo(parsed.value) : null;
  return { correct: said === truth, yesNo: { said, truth } };
}

function yesOrNo(text: string): "yes" | "no" | null {
  const word = normalised(text).replace(/[.!]$/, "");
  return word === "yes" || word === "no" ? word : null;
}

function wholeNumber({ answer }: Truth): number {
  if (/^\s*[+-]?\d+\s*$/.test(answer)) return Number(answer);
  throw badTruth("a whole number", answer);
}

/** Row and column from 1: "row 2 column 3", or a column letter and a row number ("c2") from a1 at the top left. */
function cellPlace({ answer }: Truth): [row: number, column: number] {
  const words = /^\s*row\s+(\d+)\s*,?\s*column\s+(\d+)\s*$/i.exec(answer);
  if (words !== null) return [Number(words[1]), Number(words[2])];
  const name = cellName.exec(answer);
  if (name !== null) return [Number(name[2]), name[1].toLowerCase().charCodeAt(0) - 96];
  throw badTruth('a cell such as "row 2 column 3" or "c2"', answer);
}

/** A cell called by its column's letter and its row's number. */
export const cellName = /^\s*([a-z])\s*(\d+)\s*$/i;

const badTruth = (rule: string, got: string) =>
  new UserError(`answer must be ${rule}, got ${JSON.stringify(got)}`);
