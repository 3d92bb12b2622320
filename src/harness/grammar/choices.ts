import { escaped, type Finder, type Reading, readAnswer } from "./reading.ts";
import { bare, emphasised, segmentsOf } from "./segments.ts";

/** Words that may stand before a label that is the whole answer. */
const before = /^(?:(?:the|end|label|option|letter|choice|point|exit|number|it|is|it's|its|line|shape)\s+)+/i;

/** Verbs behind which the answer stands: "line 3 reaches end C". */
const arrives =
  "(?:reach(?:es)?|ends?(?: up)? (?:at|in|on)|leads? to|connects? to|connected to|goes to|arrives? at|" +
  "terminates? at|finishes at|stops at|labell?ed|is circled|(?:answer|letter|label|end|shape|colou?r) is|it is|it's)";
const filler =
  "(?:\\s*[:\"'`*({[]\\s*|\\s+(?:the|end|label|labell?ed|option|letter|point|exit|number|shape|with|is)\\b)*";

/** One of the choices, as it stands in the list. */
export function readChoice(text: string, choices: readonly string[]): Reading<string> {
  const one = choicePattern(choices);
  const all: Finder<string> = (part) => mentions(part, one, choices);
  const arrived = new RegExp(`\\b${arrives}${filler}\\s*(${listOf(one)})`, "gi");
  const alone = (part: string) => whole(part, choices);
  return readAnswer(text, "choice", alone, [
    alone,
    (part) => emphasised(part).flatMap((piece) => whole(piece, choices)),
    (part) => [...part.matchAll(arrived)].slice(-1).flatMap(([, list]) => all(list)),
    all,
  ]);
}

/** The choice that a text is, whatever its case where that tells no two choices apart. */
function whole(text: string, choices: readonly string[]): string[] {
  const plain = bare(bare(text).replace(before, ""));
  const exact = choices.filter((choice) => [plain, bare(text)].includes(choice));
  if (exact.length > 0) return exact.slice(0, 1);
  const same = choices.filter((choice) => choice.toLowerCase() === plain.toLowerCase());
  return same.length === 1 ? same : [];
}

function choicePattern(choices: readonly string[]): string {
  const longestFirst = [...choices].sort((a, b) => b.length - a.length);
  return `(?<![\\p{L}\\p{N}])(?:${longestFirst.map(escaped).join("|")})(?![\\p{L}\\p{N}]|\\.\\d)`;
}

function listOf(one: string): string {
  return `${one}(?:\\s*(?:,|/|or|and|,\\s*or)\\s*(?:end\\s+|label\\s+)?${one})*`;
}

/** Every choice that a text names as a word of its own. Single letters count in their own case only. */
function mentions(text: string, one: string, choices: readonly string[]): string[] {
  const caseTells = new Set(choices.map((choice) => choice.toLowerCase())).size < choices.length;
  const letters = choices.some((choice) => /^\p{L}$/u.test(choice));
  const pattern = new RegExp(one, caseTells || letters ? "gu" : "giu");
  return [...text.matchAll(pattern)]
    .filter((match) => !isWordOfSentence(match[0], text.slice(match.index + match[0].length)))
    .map(([found]) => choices.find((choice) => choice === found) ?? (whole(found, choices)[0] as string));
}

/** The article "a", the pronoun "I": letters that a sentence uses as words. */
function isWordOfSentence(letter: string, rest: string): boolean {
  const next = /^\s+([a-z]+)/.exec(rest)?.[1];
  if (letter === "I") return next !== undefined && !/^(?:is|or|and|because|since)$/.test(next);
  if (letter !== "A" && letter !== "a") return false;
  return next !== undefined && !/^(?:is|or|and|because|since|as|at)$/.test(next);
}

/** A single letter, digit or word, where the choices are not known; in a sentence a letter or number only. */
export function readLabel(text: string): Reading<string> {
  const single = (piece: string) => {
    const plain = bare(bare(piece).replace(before, ""));
    return /^[\p{L}\p{N}][\p{L}\p{N}-]*$/u.test(plain) ? [plain] : [];
  };
  return readAnswer(text, "label", undefined, [
    single,
    (part) => emphasised(part).flatMap(single),
    (part) => saidOf(part, new RegExp(`\\b${arrives}${filler}\\s*(${listOf(anyLabel)})`, "giu")),
    (part) => saidOf(part, new RegExp(`\\b(?:letter|label|digit|number)\\s+(${anyLabel})\\s+is\\b`, "giu")),
  ]);
}

const anyLabel = "(?<![\\p{L}\\p{N}])(?:\\p{L}|\\p{N}+)(?![\\p{L}\\p{N}'])";

/** Every label of the list that the last match holds. */
function saidOf(text: string, pattern: RegExp): string[] {
  const last = [...text.matchAll(pattern)].at(-1);
  if (last === undefined) return [];
  const rest = text.slice(last.index + last[0].length);
  return [...last[1].matchAll(new RegExp(anyLabel, "gu"))]
    .filter(({ index, 0: label }) => index + label.length < last[1].length || !isWordOfSentence(label, rest))
    .map(([label]) => label);
}

/** Free words: the final answer, or the last line. */
export function readText(text: string): Reading<string> {
  const value = bare(segmentsOf(text)[0] ?? "");
  return value === "" ? { problem: "no text found" } : { value };
}
