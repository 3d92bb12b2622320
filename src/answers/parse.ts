/** From what a model said to one reading or none, by the kind of the answer alone. */
import type { Frame, PlaceStyle } from "../grounding/text.ts";
import type { AnswerType, Asked, ParsedAnswer } from "./kinds.ts";
import { readCell } from "./reading/cells.ts";
import { readChoice, readLabel, readText } from "./reading/choices.ts";
import { readBox, readPoints } from "./reading/coordinates.ts";
import { readNumber } from "./reading/numbers.ts";
import type { Reading } from "./reading/reading.ts";
import { plainText } from "./reading/segments.ts";
import { readYesNo } from "./reading/yes-no.ts";

export type ParseResult =
  | { readonly parsed: ParsedAnswer }
  | { readonly parsed: null; readonly problem: string };

/** Characters of an answer without its thoughts: some 50,000 tokens, more than models write. Patterns go over it often. */
const LONGEST = 200_000;

/**
 * Understands a model's answer as one of the question's type. One reading, by the type and the style in which the model
 * writes places alone; what names no answer, or more than one, is null with the reason.
 */
export function parseAnswer(text: string, asked: Asked, places: PlaceStyle, frame: Frame): ParseResult {
  const plain = plainText(text);
  if (plain === "") return { parsed: null, problem: "empty answer" };
  if (plain.length > LONGEST)
    return { parsed: null, problem: `answer of ${plain.length} characters, more than ${LONGEST}` };
  const reading = readers[asked.answerType](plain, asked, places, frame);
  return "value" in reading ? { parsed: reading.value } : { parsed: null, problem: reading.problem };
}

type Reader = (text: string, asked: Asked, places: PlaceStyle, frame: Frame) => Reading<ParsedAnswer>;

const readers: Readonly<Record<AnswerType, Reader>> = {
  text: (text, { choices }) => as("text", choices === undefined ? readText(text) : readChoice(text, choices)),
  label: (text, { choices }) =>
    as("label", choices === undefined ? readLabel(text) : readChoice(text, choices)),
  number: (text) => as("number", readNumber(text)),
  "yes-no": (text) => as("yes-no", readYesNo(text)),
  cell: (text) => then(readCell(text), ({ row, column }) => ({ type: "cell", row, column })),
  points: (text, _, places, frame) =>
    then(readPoints(text, places, frame), (points) => ({ type: "points", points })),
  box: (text, _, places, frame) => then(readBox(text, places, frame), (box) => ({ type: "box", box })),
};

function as(type: ParsedAnswer["type"], reading: Reading<string | number>): Reading<ParsedAnswer> {
  return then(reading, (value) => ({ type, value }) as ParsedAnswer);
}

function then<T>(reading: Reading<T>, make: (value: T) => ParsedAnswer): Reading<ParsedAnswer> {
  return "value" in reading ? { value: make(reading.value) } : reading;
}
