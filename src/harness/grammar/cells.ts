import { numberWord, ordinalValue, wordValue } from "./numbers.ts";
import { type Finder, type Reading, readAnswer } from "./reading.ts";

/** A cell of a grid, counted from 1 at the top left. */
export interface Cell {
  readonly row: number;
  readonly column: number;
}

const number = `(\\d+|${numberWord})`;
const ordinal = "(\\d+(?:st|nd|rd|th)|[a-z]+)";
const between = "[\\s,;:*_()=]*(?:and\\s+|in\\s+)?(?:the\\s+)?";
const to = "[\\s:=#*_]*";

const forms: readonly {
  readonly pattern: RegExp;
  readonly cell: (a: string, b: string) => Cell | undefined;
}[] = [
  {
    pattern: form(`row${to}${number}${between}col(?:umn)?${to}${number}`),
    cell: (row, column) => named(row, column),
  },
  {
    pattern: form(`col(?:umn)?${to}${number}${between}row${to}${number}`),
    cell: (column, row) => named(row, column),
  },
  {
    pattern: form(`${ordinal}\\s+row${between}${ordinal}\\s+col(?:umn)?`),
    cell: (row, column) => counted(row, column),
  },
  {
    pattern: form(`${ordinal}\\s+col(?:umn)?${between}${ordinal}\\s+row`),
    cell: (column, row) => counted(row, column),
  },
  { pattern: form("r(\\d+)\\s*c(\\d+)"), cell: (row, column) => named(row, column) },
];

/** Ways to name a cell, the plainest first. */
const finders: readonly Finder<Cell>[] = [
  (part) =>
    forms
      .flatMap(({ pattern, cell }) => [...part.matchAll(pattern)].map(([, a, b]) => cell(a, b)))
      .filter(isCell),
  (part) => found(part, /[([]\s*(\d+)\s*[,;]\s*(\d+)\s*[)\]]/g, named),
  (part) => found(part, /(?<![\w'])([a-z])\s?(\d{1,2})(?![\w.]\d|\w)/gi, lettered),
  (part) => found(part, /^\W*(\d+)\s*[,;\s]\s*(\d+)\W*$/g, named),
];

/** "row 2 column 3", "second row, third column", "R2C3", "(2, 3)" as row and column, or the name "c2". */
export function readCell(text: string): Reading<Cell> {
  return readAnswer(text.replaceAll(/\*\*|__|`/g, " "), "cell", alone, finders);
}

/** A line of nothing but one cell. */
function alone(line: string): Cell[] {
  const names =
    /^\W*(?:row\W*\w+\W+col(?:umn)?\W*\w+|col(?:umn)?\W*\w+\W+row\W*\w+|r\d+\s*c\d+|[a-z]\s?\d{1,2})\W*$/i;
  return names.test(line) ? finders.flatMap((find) => find(line)).slice(0, 1) : [];
}

function found(part: string, pattern: RegExp, cell: (a: string, b: string) => Cell | undefined): Cell[] {
  return [...part.matchAll(pattern)].map(([, a, b]) => cell(a, b)).filter(isCell);
}

function form(source: string): RegExp {
  return new RegExp(`\\b${source}\\b`, "gi");
}

function named(row: string, column: string): Cell | undefined {
  const value = (text: string) => wordValue(text) ?? Number(text);
  return cellOf(value(row), value(column));
}

function counted(row: string, column: string): Cell | undefined {
  return cellOf(ordinalValue(row), ordinalValue(column));
}

/** A column's letter and a row's number. */
function lettered(column: string, row: string): Cell | undefined {
  return cellOf(Number(row), column.toLowerCase().charCodeAt(0) - 96);
}

function cellOf(row: number | undefined, column: number | undefined): Cell | undefined {
  return row !== undefined && column !== undefined && row >= 1 && column >= 1 ? { row, column } : undefined;
}

function isCell(cell: Cell | undefined): cell is Cell {
  return cell !== undefined;
}
