import { UserError } from "../../common/errors.ts";

/** What was noticed while reading: rows that could not be used, and things that were set right. */
export interface Tally {
  /** Counts a row that cannot be used; throws {@link Stopped} where every row must be good. */
  bad(place: string, problem: string): void;
  /** Counts something that was set right or left out, such as "boxes cut at the border". */
  count(what: string, by?: number): void;
  /** Keeps a line for the end. */
  note(line: string): void;
  summary(): TallySummary;
}

/** The first bad row, where every row must be good. */
export class Stopped extends UserError {}

export interface TallySummary {
  readonly badRows: number;
  /** The first of them, one line each. */
  readonly firstBad: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
}

/** Lines of bad rows that are kept. */
const kept = 5;

export function openTally({ strict = false } = {}): Tally {
  const [firstBad, notes]: [string[], string[]] = [[], []];
  const counts: Record<string, number> = {};
  let badRows = 0;
  return {
    bad(place, problem) {
      const line = `${place}: ${problem}`;
      if (strict) throw new Stopped(line);
      if (badRows++ < kept) firstBad.push(line);
    },
    count(what, by = 1) {
      if (by > 0) counts[what] = (counts[what] ?? 0) + by;
    },
    note: (line) => void notes.push(line),
    summary: () => ({ badRows, firstBad, counts, notes }),
  };
}
