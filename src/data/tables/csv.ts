import { basename } from "node:path";
import { mustBe, UserError } from "../../common/errors.ts";
import { readText } from "./lines.ts";
import type { Placed, Unread } from "./placed.ts";

/**
 * The rows of a CSV file (RFC 4180: commas, double quotes, line ends within quotes) by the names of its first line. An
 * empty cell is left out, as pandas and `datasets` read it. A line with too many cells is given to `onBad`. Throws a
 * `UserError` for a file that is none.
 */
export async function* csvRows(
  path: string,
  onBad: (unread: Unread) => void,
): AsyncGenerator<Placed<Record<string, string>>> {
  const [head, ...rows] = records(await readText(path), path);
  if (head === undefined) throw mustBe("data set", path, "a file with at least one line", "an empty file");
  for (const { cells, line } of rows) {
    const place = `${basename(path)}, line ${line}`;
    if (cells.length > head.cells.length) {
      const problem = `cells must be at most ${head.cells.length}, got ${cells.length}; ${quoteHint}`;
      onBad({ place, problem });
      continue;
    }
    const filled = head.cells.map((name, i) => [name.trim(), cells[i] ?? ""] as const);
    yield { place, value: Object.fromEntries(filled.filter(([, cell]) => cell !== "")) };
  }
}

const quoteHint = "put texts that hold a comma between double quotes";

interface Cells {
  readonly cells: readonly string[];
  readonly line: number;
}

/** A cell in quotes or without, and what ends it. */
const cellPattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

function records(text: string, path: string): Cells[] {
  const all: Cells[] = [];
  let [cells, line, start]: [string[], number, number] = [[], 1, 1];
  cellPattern.lastIndex = 0;
  while (cellPattern.lastIndex < text.length) {
    const found = cellPattern.exec(text);
    if (found === null) throw new UserError(`${path}, line ${line}: must be CSV with closed double quotes`);
    const [whole, quoted, plain, end] = found;
    cells.push(quoted?.replaceAll('""', '"') ?? plain);
    line += whole.split("\n").length - 1;
    if (end === ",") continue;
    if (cells.some((cell) => cell !== "")) all.push({ cells, line: start });
    [cells, start] = [[], line];
  }
  if (cells.length > 0) all.push({ cells: [...cells, ""], line: start }); // The text ends with a comma.
  return all;
}
