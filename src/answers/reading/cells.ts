import { numberWord, ordinalValue, wordValue } from "./numbers.ts";
import { type Finder, type Reading, readAnswer } from "./reading.ts";

/** A cell of a grid, counted from 1 at the top left. */
export interface Cell {
  readonly row: number;
  readonly column: number;
}

const number = `(\\d+|${numberWord})`;
const ordinal = "(\\d+(?:st|nd|rd|th)|[a-z]+)";
const between = "[\\s,;:*_()=\"'{}]*(?:(?:and|in|of)\\s+)?(?:the\\s+)?[\"']?";
const to = "[\\s:=#*_\"']*";
const column = "col(?:umn)?";

const forms: readonly {
  readonly pattern: RegExp;
  readonly cell: (a: string, b: string) => Cell | undefined;
}[] = [
  {
    pattern: form(`row${to}${number}${between}${column}${to}${number}`),
    cell: (row, column) => named(row, column),
  },
  {
    pattern: form(`${column}${to}${number}${between}row${to}${number}`),
    cell: (column, row) => named(row, column),
  },
  { pattern: form(`${column}${to}([a-z])\\b${between}row${to}(\\d+)`), cell: (c, row) => lettered(c, row) },
  { pattern: form(`row${to}(\\d+)${between}${column}${to}([a-z])`), cell: (row, c) => lettered(c, row) },
  {
    pattern: form(`${ordinal}\\s+row${between}${ordinal}\\s+${column}`),
    cell: (row, column) => counted(row, column),
  },
  {
    pattern: form(`${ordinal}\\s+${column}${between}${ordinal}\\s+row`),
    cell: (column, row) => counted(row, column),
  },
  { pattern: form("r(\\d+)[\\s,;]*c(\\d+)"), cell: (row, column) => named(row, column) },
  { pattern: form(`"?r"?\\s*[:=]\\s*"?(\\d+)"?[\\s,;]*"?c"?\\s*[:=]\\s*"?(\\d+)`), cell: named },
  { pattern: han("\u884c", "\u5217"), cell: named },
  { pattern: han("\u5217", "\u884c"), cell: (column, row) => named(row, column) },
];

/** Ways to name a cell, the plainest first. */
const finders: readonly Finder<Cell>[] = [
  (part) =>
    forms
      .flatMap(({ pattern, cell }) => [...part.matchAll(pattern)].map(([, a, b]) => cell(a, b)))
      .filter(isCell),
  (part) => found(part, /[([<>]\s*["']?(\d+)["']?\s*[,;]\s*["']?(\d+)["']?\s*[)\]<>]/g, named),
  (part) =>
    found(part, /(?<![\w'])\(?([a-z])(?:\s?|\s*[-,]\s*)(\d{1,2})(?![\w.]\d|\w)/gi, (c, row) =>
      lettered(c, row),
    ),
  (part) => found(part, /^\W*(\d+)\s*[,;\s]\s*(\d+)\W*$/g, named),
];

/**
 * "row 2 column 3", "second row, third column", `{"row": 2, "column": 3}`, "R2C3", "(2, 3)" as row and column, or the
 * name "c2".
 */
export function readCell(text: string): Reading<Cell> {
  return readAnswer(text.replaceAll(/\*\*|__|`/g, " "), "cell", alone, finders, first);
}

/** A line of nothing but one cell. */
function alone(line: string): Cell[] {
  const names =
    /^\W*(?:row\W*\w+\W+col(?:umn)?\W*\w+|col(?:umn)?\W*\w+\W+row\W*\w+|r\d+[\s,]*c\d+|[a-z]\s?\d{1,2})\W*$/i;
  return names.test(line) ? finders.flatMap((find) => find(line)).slice(0, 1) : [];
}

/** After a sign of a final answer: a cell before the first word that explains it. */
function first(text: string): Cell[] {
  const [named] = text.split(/\b(?:because|since|as|where|which)\b|[.;]\s|\n/i);
  for (const find of finders) {
    const cells = find(named);
    if (cells.length > 0) return [...cells];
  }
  return [];
}

function found(part: string, pattern: RegExp, cell: (a: string, b: string) => Cell | undefined): Cell[] {
  return [...part.matchAll(pattern)].map(([, a, b]) => cell(a, b)).filter(isCell);
}

function form(source: string): RegExp {
  return new RegExp(`(?<![\\w])${source}\\b`, "gi");
}

/** "\u7b2c2\u884c\u7b2c3\u5217" */
function han(first: string, second: string): RegExp {
  const count = "\u7b2c?\\s*(\\d+|[\u4e00-\u9fff]{1,2})\\s*";
  return new RegExp(`${count}${first}[\\s,]*(?:\u7684)?${count}${second}`, "g");
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
