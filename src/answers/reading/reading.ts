import { afterMarker, segmentsOf } from "./segments.ts";

/** What was understood of a piece of text: one value, or why there is none. */
export type Reading<T> = { readonly value: T } | { readonly problem: string };

/** Finds every value that a piece of text could mean. */
export type Finder<T> = (text: string) => readonly T[];

/**
 * Tries the finders in order, strictest first. The first that finds anything decides: one distinct value is the
 * reading, several are a problem, since an answer that names two things names none.
 */
function readWith<T>(text: string, kind: string, finders: readonly Finder<T>[]): Reading<T> | undefined {
  for (const find of finders) {
    const found = distinct(find(text));
    if (found.length === 1) return { value: found[0] };
    if (found.length > 1) return { problem: `more than one ${kind}: ${found.map(shown).join(", ")}` };
  }
  return undefined;
}

/**
 * Reads an answer. Where nothing marks the final answer, lines that are an answer and nothing else (`alone`) decide,
 * whatever is explained around them; then the first of the segments in which anything is found. Behind a mark of the
 * final answer, what stands `first` there goes before what is explained after it.
 */
export function readAnswer<T>(
  text: string,
  kind: string,
  alone: Finder<T> | undefined,
  finders: readonly Finder<T>[],
  first?: Finder<T>,
): Reading<T> {
  const isMarked = afterMarker(text) !== undefined;
  if (alone !== undefined && !isMarked) {
    const lines = (part: string) => part.split("\n").flatMap(alone);
    const reading = readWith(text, kind, [lines]);
    if (reading !== undefined) return reading;
  }
  const [own, ...rest] = finders;
  const tried = isMarked && first !== undefined ? [own, first, ...rest] : finders;
  for (const segment of segmentsOf(text)) {
    const reading = readWith(segment, kind, tried);
    if (reading !== undefined) return reading;
  }
  return { problem: `no ${kind} found` };
}

function distinct<T>(values: readonly T[]): T[] {
  const seen = new Map(values.map((value) => [JSON.stringify(value), value]));
  return [...seen.values()];
}

const shown = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

export function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
