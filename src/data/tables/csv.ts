import { basename } from "node:path";
import { mustBe } from "../../common/errors.ts";
import { readText } from "./lines.ts";
import type { Placed, Unread } from "./placed.ts";

/**
 * The rows of a CSV file (RFC 4180: commas, double quotes, line ends within quotes) by the names of its first line. An
 * empty cell is left out, as pandas and `datasets` read it. A line with too many cells, or with a quote that stands or
 * ends where none may, is given to `onBad`. Throws a `UserError` for a file that is none.
 */
export async function* csvRows(
  path: string,
  onBad: (unread: Unread) => void,
): AsyncGenerator<Placed<Record<string, string>>> {
  let names: readonly string[] | undefined;
  for (const { cells, line } of records(await readText(path))) {
    const place = `${basename(path)}, line ${line}`;
    if (cells === undefined) onBad({ place, problem: "must be CSV with closed double quotes" });
    else if (names === undefined) names = cells.map((name) => name.trim());
    else if (cells.length > names.length) {
      const problem = `cells must be at most ${names.length}, got ${cells.length}; ${quoteHint}`;
      onBad({ place, problem });
    } else yield { place, value: named(names, cells) };
  }
  if (names === undefined) throw mustBe("data set", path, "a file with at least one line", "an empty file");
}

const quoteHint = "put texts that hold a comma between double quotes";

/** The cells that are filled, by their names. */
function named(names: readonly string[], cells: readonly string[]): Record<string, string> {
  return Object.fromEntries(cells.flatMap((cell, i) => (cell === "" ? [] : [[names[i], cell]])));
}

interface Cells {
  /** Undefined where they cannot be told apart. */
  readonly cells: readonly string[] | undefined;
  readonly line: number;
}

/** The lines of a CSV text that are not empty. After a damaged one it goes on with the line after it. */
function* records(text: string): Generator<Cells> {
  let [at, line] = [0, 1];
  while (at < text.length) {
    const found = recordAt(text, at);
    const { cells } = found;
    if (cells === undefined || cells.some((cell) => cell !== "")) yield { cells, line };
    line += lineEnds(text, at, found.next);
    at = found.next;
  }
}

/** The cells of the line that begins at `from`, undefined where it is damaged, and where the next line begins. */
function recordAt(
  text: string,
  from: number,
): { readonly cells: string[] | undefined; readonly next: number } {
  const cells: string[] = [];
  for (let at = from; ; at++) {
    const quoted = text[at] === '"';
    const end = quoted ? afterQuotes(text, at) : plainEnd(text, at);
    const close = end ?? -1;
    const next = text[close] === "\r" && text[close + 1] === "\n" ? close + 1 : close;
    if (end === undefined || !(close === text.length || [",", "\n"].includes(text[next])))
      return { cells: undefined, next: afterLine(text, from) };
    cells.push(quoted ? text.slice(at + 1, close - 1).replaceAll('""', '"') : text.slice(at, close));
    at = next;
    if (text[at] !== ",") return { cells, next: at + 1 };
  }
}

/** The place after the quotes that close a cell, which opens at `from`; undefined where none do. */
function afterQuotes(text: string, from: number): number | undefined {
  for (let at = from + 1; ; at += 2) {
    at = text.indexOf('"', at);
    if (at < 0) return undefined;
    if (text[at + 1] !== '"') return at + 1;
  }
}

const plainEnds = /["\n\r,]|$/g;

/** Where a cell without quotes ends. */
function plainEnd(text: string, from: number): number {
  plainEnds.lastIndex = from;
  return plainEnds.exec(text)?.index ?? text.length;
}

function afterLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end + 1;
}

function lineEnds(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at >= 0 && at < to; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
