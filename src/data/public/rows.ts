import type { z } from "zod";
import { UserError } from "../../common/errors.ts";
import type { Placed, Unread } from "../tables/placed.ts";
import { Stopped, type Tally } from "./tally.ts";

/** A row that cannot be used, although it has the form of one: `bad("bbox", "must lie in the picture")`. */
export class BadRow extends Error {
  override readonly name = "BadRow";
  /** What such rows are counted under. */
  readonly reason: string;

  constructor(message: string, reason: string) {
    super(message);
    this.reason = reason;
  }
}

/** `reason` is the field, without the numbers of list items, where it is left out. */
export function bad(field: string, problem: string, reason = withoutNumbers(field)): BadRow {
  return new BadRow(`${field}: ${problem}`, reason);
}

function withoutNumbers(field: string): string {
  return field.replaceAll(/\[\d+\]/g, "");
}

/**
 * The values that have the form of `schema`; others are counted with file, row and field, and given to
 * `onBad`.
 */
export async function* checked<T extends z.ZodType>(
  values: AsyncIterable<Placed> | Iterable<Placed>,
  schema: T,
  tally: Tally,
  onBad?: (bad: Placed) => void,
): AsyncGenerator<Placed<z.output<T>>> {
  for await (const { place, value } of values) {
    tally.read();
    const parsed = parsedBy(schema, value);
    if (parsed === undefined) {
      tally.bad(place, "must be of the form, got more mistakes than can be counted", "form");
      onBad?.({ place, value });
    } else if (parsed.success) yield { place, value: parsed.data };
    else {
      const line = issueLine(parsed.error.issues[0]);
      tally.bad(place, line, withoutNumbers(/^[\w.[\]]+(?=: )/.exec(line)?.[0] ?? "form"));
      onBad?.({ place, value });
    }
  }
}

/** Undefined where a list has so many wrong items that the schema cannot hold them: from about 125,000 on. */
function parsedBy<T extends z.ZodType>(schema: T, value: unknown) {
  try {
    return schema.safeParse(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** A function that counts what cannot be read, be it a line or the rows of a damaged part of a file. */
export function countUnread(tally: Tally): (unread: Unread) => void {
  return ({ place, problem, rows }) => {
    tally.read(rows);
    tally.bad(place, problem, rows === undefined ? "not JSON" : "damaged", rows);
  };
}

/** The names of what an object holds; none of a text or a list, of which every part would be one. */
export function keysOf(value: unknown): string[] {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}

/** Names of columns that a note lists. */
const maxNames = 20;

/** Notes the columns that nobody reads. */
export function noteUnread(tally: Tally, columns: ReadonlySet<string>): void {
  if (columns.size === 0) return;
  const names = [...columns].slice(0, maxNames).map((name) => name.slice(0, 100));
  const more = columns.size > maxNames ? `, and ${columns.size - maxNames} more` : "";
  tally.note(`columns that are not read: ${names.join(", ")}${more}`);
}

/** "train-00000, row 3" as an id: "train-00000-3". */
export function idOf(place: string): string {
  return place.replace(/\.\w+, (?:row|line) /, "-");
}

/** What `turn` makes of a value; a {@link BadRow} or a user's mistake that it throws is counted instead. */
export async function attempt<T>(
  place: string,
  tally: Tally,
  turn: () => T | Promise<T>,
): Promise<T | undefined> {
  try {
    return await turn();
  } catch (error) {
    if (error instanceof Stopped || !(error instanceof BadRow || error instanceof UserError)) throw error;
    tally.bad(place, error.message, error instanceof BadRow ? error.reason : "other");
    return undefined;
  }
}

/** Every value turned, in order, up to `most` at a time; nothing is begun long before it is asked for. */
export async function* turnAhead<T, R>(
  values: AsyncIterable<T>,
  most: number,
  turn: (value: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  try {
    for await (const value of values) {
      const turned = turn(value);
      turned.catch(() => {}); // It is heard of when its turn comes.
      running.push(turned);
      if (running.length >= most) yield await running.shift()!;
    }
    while (running.length > 0) yield await running.shift()!;
  } finally {
    await Promise.allSettled(running); // Whoever stops early waits for what was begun, and misses no error.
  }
}

/** The first issue as one line: "bbox[2]: Invalid input: expected number, received string". */
function issueLine(issue: z.core.$ZodIssue): string {
  const deeper = issue.code === "invalid_union" ? issue.errors.map((issues) => issues[0]) : [];
  const [best] = deeper.sort((a, b) => b.path.length - a.path.length);
  const path = [...issue.path, ...(best !== undefined && best.path.length > 0 ? best.path : [])];
  const field = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  const message = best !== undefined && best.path.length > 0 ? best.message : issue.message;
  return field === "" ? message : `${field.replace(/^\./, "")}: ${message}`;
}
