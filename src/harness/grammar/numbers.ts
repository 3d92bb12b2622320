import { type Reading, readAnswer } from "./reading.ts";
import { bare, emphasised } from "./segments.ts";

const small = (
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen " +
  "seventeen eighteen nineteen"
).split(" ");
const tens = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
const ordinals = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(
  " ",
);

/** "seven", "twenty-one", "hundred" -> its value; undefined for other words. */
export function wordValue(word: string): number | undefined {
  const [first, second] = word.toLowerCase().split(/[\s-]+/);
  if (second === undefined) {
    if (first === "hundred") return 100;
    const ten = tens.indexOf(first);
    return small.includes(first) ? small.indexOf(first) : ten < 0 ? undefined : 20 + 10 * ten;
  }
  const [ten, one] = [tens.indexOf(first), small.indexOf(second)];
  return ten < 0 || one < 1 || one > 9 ? undefined : 20 + 10 * ten + one;
}

/** "3rd", "third" -> 3 */
export function ordinalValue(word: string): number | undefined {
  const digits = /^(\d+)(?:st|nd|rd|th)$/i.exec(word);
  if (digits !== null) return Number(digits[1]);
  const place = ordinals.indexOf(word.toLowerCase());
  return place < 0 ? undefined : place + 1;
}

/** Number words as a pattern, the longer ones first. */
export const numberWord = `(?:(?:${tens.join("|")})[\\s-](?:${small.slice(1, 10).join("|")})|${[...small].reverse().join("|")}|${tens.join("|")}|hundred)`;
const digits = "(?<![\\w.,/-])[-+]?(?:\\d{1,3}(?:,\\d{3})+|\\d+)(?:\\.\\d+)?(?![\\w]|[.,/-]\\d)";

/** A whole number, in digits or words. */
export function readNumber(text: string): Reading<number> {
  const alone = (part: string) => numbersIn(bare(part), "whole");
  const reading = readAnswer(text, "number", alone, [
    alone,
    (part) => emphasised(part).flatMap((piece) => numbersIn(piece, "whole")),
    (part) => [...part.matchAll(/=\s*([^=\n]+)/g)].slice(-1).flatMap(([, right]) => numbersIn(right, "all")),
    (part) => [...ranges(part), ...numbersIn(part, "all")],
  ]);
  if ("value" in reading && !Number.isInteger(reading.value))
    return { problem: `${reading.value} is not a whole number` };
  return reading;
}

function numbersIn(text: string, which: "whole" | "all"): number[] {
  const one = `${digits}|\\b${numberWord}\\b|\\b(?:once|twice|thrice|none|never)\\b|\\b(?:is|are) no\\b`;
  const pattern = which === "whole" ? new RegExp(`^(?:${one})$`, "gi") : new RegExp(one, "gi");
  return [...text.matchAll(pattern)].map(([found]) => numberOf(found));
}

function numberOf(found: string): number {
  const times: Readonly<Record<string, number>> = { once: 1, twice: 2, thrice: 3, none: 0, never: 0 };
  const word = found.toLowerCase();
  if (Object.hasOwn(times, word)) return times[word];
  if (/ no$/.test(word)) return 0;
  return wordValue(word) ?? Number(word.replaceAll(",", ""));
}

/** "3-4" and "3/4" are two numbers, not one and a sign. */
function ranges(text: string): number[] {
  return [...text.matchAll(/(\d+)\s*[-\u2013/]\s*(\d+)/g)].flatMap(([, from, to]) => [
    Number(from),
    Number(to),
  ]);
}
