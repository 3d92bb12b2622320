import type { AnswerType } from "../../data/example.ts";
import type { AnswerFamily } from "../families.ts";
import type { ItemRecord, ParsedAnswer } from "../record.ts";
import { readCell } from "./cells.ts";
import { readChoice, readLabel, readText } from "./choices.ts";
import { readBox, readPoints } from "./coordinates.ts";
import { readNumber } from "./numbers.ts";
import type { Reading } from "./reading.ts";
import { plainText } from "./segments.ts";
import { readYesNo } from "./yes-no.ts";

/** What of an item the grammar needs. It never sees the right answer. */
export type Asked = Pick<ItemRecord, "answerType" | "choices" | "width" | "height">;

export type ParseResult =
  | { readonly parsed: ParsedAnswer }
  | { readonly parsed: null; readonly problem: string };

/**
 * Understands a model's answer as one of the question's type. One reading, by the type and the family's declared
 * convention alone; what names no answer, or more than one, is null with the reason.
 */
export function parseAnswer(text: string, asked: Asked, family: AnswerFamily): ParseResult {
  const plain = plainText(text);
  if (plain === "") return { parsed: null, problem: "empty answer" };
  const reading = readers[asked.answerType](plain, asked, family);
  return "value" in reading ? { parsed: reading.value } : { parsed: null, problem: reading.problem };
}

type Reader = (text: string, asked: Asked, family: AnswerFamily) => Reading<ParsedAnswer>;

const readers: Readonly<Record<AnswerType, Reader>> = {
  text: (text, { choices }) => as("text", choices === undefined ? readText(text) : readChoice(text, choices)),
  label: (text, { choices }) =>
    as("label", choices === undefined ? readLabel(text) : readChoice(text, choices)),
  number: (text) => as("number", readNumber(text)),
  "yes-no": (text) => as("yes-no", readYesNo(text)),
  cell: (text) => then(readCell(text), ({ row, column }) => ({ type: "cell", row, column })),
  points: (text, asked, family) =>
    then(readPoints(text, family, asked), (points) => ({ type: "points", points })),
  box: (text, asked, family) => then(readBox(text, family, asked), (box) => ({ type: "box", box })),
};

function as(type: ParsedAnswer["type"], reading: Reading<string | number>): Reading<ParsedAnswer> {
  return then(reading, (value) => ({ type, value }) as ParsedAnswer);
}

function then<T>(reading: Reading<T>, make: (value: T) => ParsedAnswer): Reading<ParsedAnswer> {
  return "value" in reading ? { value: make(reading.value) } : reading;
}
