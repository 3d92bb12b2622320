import { UserError } from "../../common/errors.ts";

/** What became of the rows of one list of the data: read = used + left out + bad, once everything is read. */
export interface Ledger {
  readonly read: number;
  readonly used: number;
  /** By reason: what is good and not wanted. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** By reason, mostly the field that is wrong. */
  readonly bad: Readonly<Record<string, number>>;
}

/** What was noticed while reading: rows that could not be used, and things that were set right. */
export interface Tally {
  /** The same tally for the rows of another list of the data: "annotations". */
  list(name: string): Tally;
  /** Counts rows that were come upon. Each is then used, left out or bad. */
  read(count?: number): void;
  use(count?: number): void;
  leaveOut(reason: string, count?: number): void;
  /** Counts a row that cannot be used, or several at one place; throws {@link Stopped} where every row must be good. */
  bad(place: string, problem: string, reason?: string, count?: number): void;
  /** Counts something that was set right, such as "boxes cut at the border". */
  count(what: string, by?: number): void;
  /** Keeps a line for the end, once. */
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
  /** By list; the rows of most formats are "rows". */
  readonly lists: Readonly<Record<string, Ledger>>;
}

/** Lines of bad rows that are kept. */
const kept = 5;

/** The list of formats that have one. */
export const mainList = "rows";

interface Counts {
  read: number;
  used: number;
  readonly leftOut: Record<string, number>;
  readonly bad: Record<string, number>;
}

export function openTally({ strict = false } = {}): Tally {
  const [firstBad, notes]: [string[], Set<string>] = [[], new Set()];
  const [counts, lists]: [Record<string, number>, Record<string, Counts>] = [{}, {}];
  let badRows = 0;
  const summary = (): TallySummary => ({ badRows, firstBad, counts, notes: [...notes], lists });
  const of = (name: string): Tally => {
    const own = () => {
      lists[name] ??= { read: 0, used: 0, leftOut: {}, bad: {} };
      return lists[name];
    };
    return {
      list: of,
      read(count = 1) {
        own().read += count;
      },
      use(count = 1) {
        own().used += count;
      },
      leaveOut(reason, count = 1) {
        add(own().leftOut, reason, count);
        add(counts, reason, count);
      },
      bad(place, problem, reason = "other", count = 1) {
        const line = `${place}: ${problem}`;
        if (strict) throw new Stopped(line);
        add(own().bad, reason, count);
        badRows += count;
        if (firstBad.length < kept) firstBad.push(line);
      },
      count: (what, by = 1) => add(counts, what, by),
      note: (line) => void notes.add(line),
      summary,
    };
  };
  return of(mainList);
}

function add(counts: Record<string, number>, what: string, by: number): void {
  if (by > 0) counts[what] = (counts[what] ?? 0) + by;
}

/** How many rows of a list are neither used nor left out nor bad: 0 when all was read. */
export function openRows({ read, used, leftOut, bad }: Ledger): number {
  return [...Object.values(leftOut), ...Object.values(bad)].reduce(
    (rest, count) => rest - count,
    read - used,
  );
}
