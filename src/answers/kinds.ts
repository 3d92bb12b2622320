/** The kinds of answers, and what reading and judging need to know of a question. */
import type { Region } from "../grounding/region.ts";

/**
 * - text: free words, compared without case and spacing
 * - label: one of `choices`, or a single letter, digit or word
 * - number: a whole number
 * - yes-no
 * - cell: "row 2 column 3" (from 1, top left), or a cell name such as b2
 * - points: every point of `regions` is to be found; answer in hundredths of the image, "34 71 , 10 8"
 * - box: the box of `regions`
 */
export type AnswerType = (typeof answerTypes)[number];
export const answerTypes = ["text", "label", "number", "yes-no", "cell", "points", "box"] as const;

/** What reading an answer needs of a question. It never sees the right answer. */
export interface Asked {
  readonly answerType: AnswerType;
  /** The answers that are possible, where they are few. */
  readonly choices?: readonly string[];
  /** Of the picture, in pixels. */
  readonly width: number;
  readonly height: number;
}

/** What judging an answer needs of a question. */
export interface Truth extends Asked {
  /** The right answer. For points and boxes the truth is in `regions`, in pixels. */
  readonly answer: string;
  readonly regions: readonly Region[];
}

/** What was understood of an answer. Points and boxes are in pixels of the picture; rows and columns from 1. */
export type ParsedAnswer =
  | { readonly type: "text" | "label" | "yes-no"; readonly value: string }
  | { readonly type: "number"; readonly value: number }
  | { readonly type: "cell"; readonly row: number; readonly column: number }
  | { readonly type: "points"; readonly points: readonly (readonly [x: number, y: number])[] }
  | { readonly type: "box"; readonly box: readonly [x0: number, y0: number, x1: number, y1: number] };

/** A question's part of a {@link Truth} with the size of its picture. */
export function truthOf(
  question: Omit<Truth, "answerType" | "width" | "height"> & { readonly answerType?: AnswerType },
  { width, height }: { readonly width: number; readonly height: number },
): Truth {
  const { answer, answerType = "text", choices, regions } = question;
  return { answer, answerType, ...(choices && { choices }), regions, width, height };
}
