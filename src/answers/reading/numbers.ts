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
const hanDigits = "\u96f6\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d";
const han = `[${hanDigits}\u4e24\u5341]`;

/** "seven", "twenty-one", "hundred" -> its value; undefined for other words. */
export function wordValue(word: string): number | undefined {
  const [first, second] = word.toLowerCase().split(/[\s-]+/);
  if (second === undefined) {
    if (first === "hundred") return 100;
    const ten = tens.indexOf(first);
    return small.includes(first) ? small.indexOf(first) : ten < 0 ? hanValue(word) : 20 + 10 * ten;
  }
  const [ten, one] = [tens.indexOf(first), small.indexOf(second)];
  return ten < 0 || one < 1 || one > 9 ? undefined : 20 + 10 * ten + one;
}

/** Chinese numbers below a hundred. */
function hanValue(word: string): number | undefined {
  const found = /^(.)?\u5341(.)?$/u.exec(word);
  const digit = (text: string) => (text === "\u4e24" ? 2 : hanDigits.indexOf(text));
  if (found === null) return word.length === 1 && digit(word) >= 0 ? digit(word) : undefined;
  const [ten, one] = [
    found[1] === undefined ? 1 : digit(found[1]),
    found[2] === undefined ? 0 : digit(found[2]),
  ];
  return ten < 1 || one < 0 ? undefined : 10 * ten + one;
}

/** The word of a whole number below a hundred in digits; undefined for others. */
export function numberWordOf(digits: string): string | undefined {
  if (!/^\s*\d{1,2}\s*$/.test(digits)) return undefined;
  const value = Number(digits);
  if (value < 20) return small[value];
  const ten = tens[Math.floor(value / 10) - 2];
  return value % 10 === 0 ? ten : `${ten}-${small[value % 10]}`;
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
const unit = "(?:px|cm|mm|km|kg|x|%|\u00b0)";
const digits = `(?<![\\w.,/-])[-+]?(?:\\d{1,3}(?:,\\d{3})+|\\d+)(?:\\.\\d+)?(?=${unit}(?![\\w])|(?![\\w]|[.,/-]\\d))`;
const one = `${digits}|\\b${numberWord}\\b|\\b(?:once|twice|thrice|none|never)\\b|\\b(?:is|are) no\\b`;
/** A Chinese number with what it counts. */
const counted = `(?<!\u7b2c|${han})${han}{1,3}(?=[\u4e2a\u6761\u53ea\u6b21\u5f20\u5757\u70b9\u5904\u5ea7\u4f4d\u540d])`;

/** A whole number, in digits or words. */
export function readNumber(text: string): Reading<number> {
  const alone = (part: string) => numbersIn(bare(part), "whole");
  const reading = readAnswer(
    text,
    "number",
    alone,
    [
      alone,
      (part) => emphasised(part).flatMap((piece) => numbersIn(piece, "whole")),
      (part) =>
        [...part.matchAll(/=\s*([^=\n]+)/g)].slice(-1).flatMap(([, right]) => numbersIn(right, "all")),
      (part) => [...ranges(part), ...numbersIn(part, "all")],
    ],
    firstNumber,
  );
  if ("value" in reading && !Number.isInteger(reading.value))
    return { problem: `${reading.value} is not a whole number` };
  return reading;
}

function numbersIn(text: string, which: "whole" | "all"): number[] {
  const pattern =
    which === "whole"
      ? new RegExp(`^(?:${one}|${han}{1,3})(?:\\s?${unit})?$`, "gi")
      : new RegExp(`${one}|${counted}`, "gi");
  return [...text.matchAll(pattern)].map(([found]) =>
    numberOf(found.replace(new RegExp(`\\s?${unit}$`, "i"), "")),
  );
}

/** After a sign of a final answer: the number that stands first, with those that "or" joins to it. */
function firstNumber(text: string): number[] {
  const mark = "[\\s\"'`*_({\\[<$]*(?:(?:about|approximately|only|exactly)\\s+)?";
  const more = `(?:[\\s"'\`*)]*(?:,|/|\\bor\\b|\\band\\b|\\bto\\b|-|\u2013)\\s*(?:${one}))*`;
  const found = new RegExp(`^${mark}((?:${one})${more})`, "i").exec(text);
  return found === null ? [] : [...ranges(found[1]), ...numbersIn(found[1], "all")];
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
  return [...text.matchAll(/(?<!\d)(\d+)\s*[-\u2013/]\s*(\d+)/g)].flatMap(([, from, to]) => [
    Number(from),
    Number(to),
  ]);
}
