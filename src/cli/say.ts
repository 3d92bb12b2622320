/**
 * All that the program prints. Answers of models, names of files and words of data come from others: a terminal shows them
 * and does not act on them.
 */
import { inspect } from "node:util";
import { shownJson, shownText } from "../common/shown-text.ts";

const cleaners = new Set<() => void>();

/** Calls `clear`, which takes a line that changes off a terminal, before anything is printed; the result ends that. */
export function beforePrinting(clear: () => void): () => void {
  cleaners.add(clear);
  return () => void cleaners.delete(clear);
}

const clearLines = () => {
  for (const clear of cleaners) clear();
};

/** Lines on standard output. */
export function print(text: string): void {
  clearLines();
  console.log(shownText(text));
}

/** A value as one line of JSON on standard output. */
export function printJson(value: object): void {
  console.log(shownJson(JSON.stringify(value)));
}

/** Text on standard output that was styled here, from texts of our own alone. */
export function printStyled(text: string): void {
  console.log(text);
}

/** What is no result, on standard error: notes, and what went wrong. */
export function say(text: string): void {
  clearLines();
  console.error(shownText(text));
}

/** A fault of the program, with where it happened. */
export function sayFault(error: unknown): void {
  say(inspect(error));
}
