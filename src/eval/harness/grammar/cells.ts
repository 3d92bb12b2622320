import { numberWord, ordinalValue, wordValue } from "./numbers.ts";
import { type Reading, readSegments } from "./reading.ts";
import { segmentsOf } from "./segments.ts";

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

/** "row 2 column 3", "second row, third column", "R2C3", "(2, 3)" as row and column, or the name "c2". */
export function readCell(text: string): Reading<Cell> {
  return readSegments(segmentsOf(text.replaceAll(/\*\*|__|`/g, " ")), "cell", [
    (part) =>
      forms
        .flatMap(({ pattern, cell }) => [...part.matchAll(pattern)].map(([, a, b]) => cell(a, b)))
        .filter(isCell),
    (part) =>
      [...part.matchAll(/[([]\s*(\d+)\s*[,;]\s*(\d+)\s*[)\]]/g)]
        .map(([, a, b]) => named(a, b))
        .filter(isCell),
    (part) =>
      [...part.matchAll(/(?<![\w'])([a-z])\s?(\d{1,2})(?![\w.]\d|\w)/gi)]
        .map(([, a, b]) => lettered(a, b))
        .filter(isCell),
    (part) =>
      [...part.matchAll(/^\W*(\d+)\s*[,;\s]\s*(\d+)\W*$/g)].map(([, a, b]) => named(a, b)).filter(isCell),
  ]);
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
