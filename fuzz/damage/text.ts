/** Damage to texts: YAML, templates, CSV, what models say. */
import type { Random } from "../../src/common/random.ts";
import { hostileNumbers, hostileText } from "./hostile.ts";

type Change = (random: Random, text: string, other: string) => readonly [text: string, what: string];

export function damageText(random: Random, text: string, other: string): { text: string; what: string } {
  const [changed, what] = random.pick(changes)(random, text, other);
  return { text: changed, what };
}

const changes: readonly Change[] = [
  number,
  number,
  word,
  inserted,
  inserted,
  lineGone,
  lineTwice,
  repeated,
  truncated,
  spliced,
  framed,
  bomb,
];

const brief = (text: string) =>
  text.length > 60 ? `${text.slice(0, 40)}... (${text.length} characters)` : text;

function replaceOne(random: Random, text: string, pattern: RegExp, by: string): readonly [string, string] {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return [text + by, `${JSON.stringify(brief(by))} at the end`];
  const one = random.pick(found);
  const end = one.index + one[0].length;
  const what = `${JSON.stringify(brief(one[0]))} at ${one.index} := ${JSON.stringify(brief(by))}`;
  return [text.slice(0, one.index) + by + text.slice(end), what];
}

function number(random: Random, text: string) {
  return replaceOne(random, text, /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi, random.pick(hostileNumbers));
}

function word(random: Random, text: string) {
  return replaceOne(random, text, /[\w-]+/g, hostileText(random));
}

function inserted(random: Random, text: string) {
  const at = random.integer(text.length + 1);
  const more = hostileText(random);
  return [text.slice(0, at) + more + text.slice(at), `${JSON.stringify(brief(more))} at ${at}`] as const;
}

function lineGone(random: Random, text: string) {
  const lines = text.split("\n");
  const at = random.integer(lines.length);
  return [lines.toSpliced(at, 1).join("\n"), `line ${at + 1} gone`] as const;
}

function lineTwice(random: Random, text: string) {
  const lines = text.split("\n");
  const [from, to] = [random.integer(lines.length), random.integer(lines.length + 1)];
  return [
    lines.toSpliced(to, 0, lines[from]).join("\n"),
    `line ${from + 1} again as line ${to + 1}`,
  ] as const;
}

/** A part many times over, up to a megabyte. */
function repeated(random: Random, text: string) {
  const start = random.integer(text.length + 1);
  const end = Math.min(text.length, start + 1 + random.integer(random.pick([3, 20, 200])));
  const part = text.slice(start, end);
  const times = Math.min(random.pick([3, 100, 10_000, 200_000]), Math.ceil(1_000_000 / (part.length + 1)));
  return [
    text.slice(0, start) + part.repeat(times) + text.slice(end),
    `${JSON.stringify(brief(part))} ${times} times`,
  ] as const;
}

function truncated(random: Random, text: string) {
  const at = random.integer(text.length + 1);
  return [text.slice(0, at), `cut off after ${at} characters`] as const;
}

function spliced(random: Random, text: string, other: string) {
  const [at, from] = [random.integer(text.length + 1), random.integer(other.length + 1)];
  return [text.slice(0, at) + other.slice(from), `another's from ${from} on after ${at} characters`] as const;
}

/** What editors and terminals do to a whole text. */
function framed(random: Random, text: string) {
  return random.pick([
    [`\ufeff${text}`, "with a byte order mark"],
    [text.replaceAll("\n", "\r\n"), "with the line ends of Windows"],
    [text.replaceAll(" ", "\t"), "with tabs"],
    [text.toUpperCase(), "in capitals"],
    [`\x1b[31m${text}`, "in red"],
    [[...text].reverse().join(""), "backwards"],
    [text.replaceAll("\n", " "), "in one line"],
  ] as const);
}

/** Aliases of YAML that stand for aliases: a few lines that are gigabytes. */
function bomb(random: Random, text: string) {
  const levels = random.pick([4, 9, 30]);
  const lines = Array.from({ length: levels }, (_, i) =>
    i === 0
      ? "a0: &a0 [x,x,x,x,x,x,x,x]"
      : `a${i}: &a${i} [${Array(8)
          .fill(`*a${i - 1}`)
          .join(",")}]`,
  );
  return [`${lines.join("\n")}\n${text}`, `a bomb of ${levels} levels before it`] as const;
}
