import { BoundedCache } from "../../common/bounded-cache.ts";
import { numberWordOf } from "./numbers.ts";
import { escaped, type Finder, type Reading, readAnswer } from "./reading.ts";
import { bare, emphasised, plainCharacters, segmentsOf } from "./segments.ts";

/** Words that may stand before a label that is the whole answer. */
const before =
  /^(?:the|end|label|option|letter|choice|point|exit|number|it|is|its|line|shape|answer|so|thus|therefore|hence)[\s,:]+|^it's\s+|^(?:\u9009\u9879?|\u5b57\u6bcd)\s*/i;

/** Such words that are passed over; more of them are no answer but a text that repeats itself. */
const MOST_BEFORE = 50;

/** Verbs behind which the answer stands: "line 3 reaches end C". */
const arrives =
  "(?:\\b(?:reach(?:es)?|ends?(?: up)? (?:at|in|on)|leads? to|connects? to|connected to|goes to|arrives? at|" +
  "terminates? at|finishes at|stops at|labell?ed|is circled|choose|pick|select|would be|must be|" +
  "(?:answer|letter|label|end|shape|colou?r|option|choice) is|it is|it's|that is|this is)|\u9009\u62e9?|\u662f)";
const filler =
  "(?:\\s*[:\"'`*({[<$]\\s*|\\s+(?:the|end|label|labell?ed|option|letter|point|exit|number|shape|with|is|choice)\\b)*";

/** Scripts without spaces between words: a label may stand right beside them. */
const unspaced = "[\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}]";
const wordCharacter = `(?:(?!${unspaced})[\\p{L}\\p{N}])`;
/** Where a label may begin and end: no part of a word, of a decimal or negative number, or of "I'm". */
const begins = `(?<!${wordCharacter})(?<!\\p{N}\\.)(?<!(?<!${wordCharacter})-(?=\\p{N}))`;
const ends = `(?!${wordCharacter}|[.,]\\p{N}{3}\\b|\\.\\p{N}|'(?:m|ve|ll|d|re|t)\\b)`;

/** The choices in the forms in which they may be written, and the patterns that find them. */
interface Choices {
  /** The choice that a text is; undefined for others. */
  readonly choice: (text: string) => string | undefined;
  /** As {@link Choices.choice}, number words for numbers too: only for a text that is nothing else. */
  readonly alone: (text: string) => string | undefined;
  /** Any choice as a word of its own: wherever it was pointed at, and in running text. */
  readonly one: RegExp;
  readonly mention: RegExp;
  /** Choices behind a verb, at the start of a line, and at the start of an answer. */
  readonly arrived: RegExp;
  readonly leading: RegExp;
  readonly first: RegExp;
}

/** Patterns are long: five times the list, and what a regular expression takes. */
const kept = new BoundedCache<string, Choices>({
  name: "choices",
  limit: 200,
  maxBytes: 16 * 2 ** 20,
  size: ({ one }) => 40 * one.source.length,
});

function choicesOf(list: readonly string[]): Choices {
  return kept.getOrMakeNow(JSON.stringify(list), () => makeChoices(list));
}

function makeChoices(list: readonly string[]): Choices {
  const exact = uniqueForms(list, (choice) => [spaced(choice), bare(spaced(choice))]);
  const folded = uniqueForms(list, (choice) => [fold(choice), fold(bare(spaced(choice)))]);
  const words = uniqueForms(list, (choice) => [numberWordOf(choice) ?? ""]);
  const choice = (text: string) => exact.get(spaced(text)) ?? folded.get(fold(text));
  const one = anyOf([...exact.keys()].sort((a, b) => b.length - a.length));
  const some = listOf(one);
  const caseTells = new Set(list.map(fold)).size < list.length;
  // In running text "a" is an article, not the choice A.
  const letters = list.some((label) => /^\p{L}$/u.test(label));
  return {
    choice,
    alone: (text) => choice(text) ?? words.get(fold(text)),
    one: new RegExp(one, caseTells ? "gu" : "giu"),
    mention: new RegExp(one, caseTells || letters ? "gu" : "giu"),
    arrived: new RegExp(`${arrives}${filler}\\s*(${some})`, "giu"),
    leading: new RegExp(`^${marks}(${some})\\s*(?:[.:;,)!\u2013\u2014-]|because\\b|since\\b|as\\b|$)`, "iu"),
    first: new RegExp(`^${marks}(?:(?:${leads})\\s+)*${marks}(${some})`, "iu"),
  };
}

/** What may stand around an answer. */
const marks = "[\\s\"'`*_({\\[<$]*";
const leads = "the|end|label|option|letter|choice|point|exit|number|shape";

/** One of the choices, or several of them joined. */
function listOf(one: string): string {
  const apart = "\\s*(?:,\\s*(?:or|and)\\b|,|/|\\bor\\b|\\band\\b|&)\\s*";
  const closing = "[\"'`*_)\\]}>]*";
  return `(?:${one})${closing}(?:${apart}(?:(?:${leads})\\s+)*["'\`*_({<\\[]*(?:${one})${closing})*`;
}

const spaced = (text: string) => plainCharacters(text).trim().replaceAll(/\s+/g, " ");
const fold = (text: string) => spaced(text).toLowerCase();

/** Any of the forms, which stand longest first. Where all are words, the pattern of their ends is there once. */
function anyOf(forms: readonly string[]): string {
  const texts = forms.map((form) => escaped(form).replaceAll(" ", "\\s+"));
  if (forms.every((form) => begun(form) !== "" && ended(form) !== ""))
    return `${begins}(?:${texts.join("|")})${ends}`;
  return texts.map((text, i) => begun(forms[i]) + text + ended(forms[i])).join("|");
}

const begun = (form: string) => (new RegExp(`^${wordCharacter}`, "u").test(form) ? begins : "");
const ended = (form: string) => (new RegExp(`${wordCharacter}$`, "u").test(form) ? ends : "");

/** Forms that stand for one choice alone; a choice's first form is its own whatever the others' later ones are. */
function uniqueForms(list: readonly string[], formsOf: (choice: string) => string[]): Map<string, string> {
  const owners = new Map<string, Set<string>>();
  for (const choice of list)
    for (const form of formsOf(choice))
      if (form !== "") owners.set(form, (owners.get(form) ?? new Set()).add(choice));
  const own = new Map<string, string>();
  for (const [form, choices] of owners) {
    const first = [...choices].filter((choice) => formsOf(choice)[0] === form);
    const [only] = first.length > 0 ? first : choices;
    if ((first.length > 0 ? first.length : choices.size) === 1) own.set(form, only);
  }
  return own;
}

/** One of the choices, as it stands in the list. */
export function readChoice(text: string, list: readonly string[]): Reading<string> {
  const choices = choicesOf(list);
  const alone: Finder<string> = (part) => whole(part, choices);
  // Lines that begin with choices of their own are a list of them, whichever is the last.
  const starts = text.split("\n").flatMap((line) => startOf(line, choices.leading, choices));
  const finders: Finder<string>[] = [
    alone,
    (part) => emphasised(part, (piece) => list.includes(piece)).flatMap(alone),
    (part) => lastOf(part, choices.arrived).flatMap(({ said, rest }) => pointedAt(said, rest, choices)),
    () => starts,
    (part) => named(part, "", choices.mention, choices),
  ];
  return readAnswer(text, "choice", alone, finders, (part) => startOf(part, choices.first, choices));
}

/** The choice that a text is, with words before it that say no more. */
function whole(text: string, { alone }: Choices): string[] {
  let rest = spaced(text);
  for (let words = 0; words <= MOST_BEFORE; words++) {
    const found = alone(rest) ?? alone(bare(rest)) ?? alone(unquoted(rest));
    if (found !== undefined) return [found];
    const shorter = bareStart(rest).replace(before, "");
    if (shorter === rest || shorter === "") return [];
    rest = shorter;
  }
  return [];
}

/** Without a full stop or quotes only: what is left may be a choice that has other marks of its own. */
const unquoted = (text: string) => text.replace(/^["'`*_]+/, "").replace(/["'`*_.,;!]+$/, "");
const bareStart = (text: string) =>
  text.replace(/^(?:[-\u2022>#*]+\s+)+|^[\s"'`*_([{<$]+(?=[\p{L}\p{N}])/u, "");

/** The last match of a pattern's first group, and what follows it. */
function lastOf(text: string, pattern: RegExp): { said: string; rest: string }[] {
  const last = [...text.matchAll(pattern)].at(-1);
  if (last === undefined) return [];
  return [{ said: last[1], rest: text.slice(last.index + last[0].length) }];
}

/**
 * The choices with which a text starts: "C. The line passes A and B", and behind a sign of a final answer the one that
 * stands first, whatever is explained after it.
 */
function startOf(text: string, pattern: RegExp, choices: Choices): string[] {
  const found = pattern.exec(text);
  if (found === null) return [];
  const end = found[0].indexOf(found[1]) + found[1].length;
  return pointedAt(found[1], text.slice(end), choices);
}

const pointedAt = (text: string, after: string, choices: Choices) => named(text, after, choices.one, choices);

/**
 * Every choice that a text names as a word of its own. Words that sentences are made of ("a", "I", "no") do not count
 * where the sentence goes on.
 */
function named(text: string, after: string, pattern: RegExp, { choice }: Choices): string[] {
  return [...text.matchAll(pattern)].flatMap((match) => {
    const rest = text.slice(match.index + match[0].length) + after;
    const found = choice(match[0]);
    return found === undefined || isWordOfSentence(match[0], rest) ? [] : [found];
  });
}

/** Words that a sentence uses for itself. */
const common = new Set(
  "a an and any are as at be by do for from go has he here i if in into is it its me my no not of off on one or out so than that the them then there this to up us was we with yes you".split(
    " ",
  ),
);
const goesOn = /^\s+["'(]?(?!(?:is|was|or|and|because|since|as|at|which|but|for|not|rather)\b)\p{Ll}/u;

function isWordOfSentence(word: string, rest: string): boolean {
  return common.has(word.toLowerCase()) && (goesOn.test(rest) || /^-\p{L}/u.test(rest));
}

/** A single letter, digit or word, where the choices are not known; in a sentence a letter or number only. */
export function readLabel(text: string): Reading<string> {
  const single = (piece: string) => {
    let rest = bare(piece);
    for (let words = 0; words <= MOST_BEFORE; words++) {
      if (/^[\p{L}\p{N}][\p{L}\p{N}-]*$/u.test(rest)) return [rest];
      const shorter = bare(rest.replace(before, ""));
      if (shorter === rest) return [];
      rest = shorter;
    }
    return [];
  };
  const labels = listOf(anyLabel);
  const first = new RegExp(
    `^[\\s"'\`*_({\\[<$]*(?:(?:the|end|label|option|letter|choice|number)\\s+)*["'\`*({\\[]*(${labels})(?=["'\`*)\\]}]*(?:[.,;:!]|\\s+(?:because|since|as|is)\\b|$))`,
    "iu",
  );
  const finders: Finder<string>[] = [
    single,
    (part) => emphasised(part).flatMap(single),
    (part) => saidOf(part, new RegExp(`${arrives}${filler}\\s*(${labels})`, "giu")),
    (part) => saidOf(part, new RegExp(`\\b(?:letter|label|digit|number)\\s+(${anyLabel})\\s+is\\b`, "giu")),
  ];
  return readAnswer(text, "label", undefined, finders, (part) => {
    const found = first.exec(part);
    return found === null ? [] : saidOf(found[0], new RegExp(`(${labels})$`, "giu"));
  });
}

const anyLabel = `(?<!${wordCharacter})(?:\\p{L}|\\p{N}+)(?!${wordCharacter}|')`;

/** Every label of the list that the last match holds. */
function saidOf(text: string, pattern: RegExp): string[] {
  return lastOf(text, pattern).flatMap(({ said, rest }) =>
    [...said.matchAll(new RegExp(anyLabel, "gu"))]
      .filter(({ index, 0: label }) => !isWordOfSentence(label, said.slice(index + label.length) + rest))
      .map(([label]) => label),
  );
}

/** Free words: the final answer, or the last line. */
export function readText(text: string): Reading<string> {
  const value = bare(segmentsOf(text)[0] ?? "");
  return value === "" ? { problem: "no text found" } : { value };
}
