/** Patterns of strangers are matched as the engine matches them, in steps that grow with the text only. */
import { expect, test } from "vitest";
import { linearPattern } from "../../src/common/pattern.ts";
import { patternProgram } from "../../src/common/pattern-program.ts";
import { random } from "../../src/common/random.ts";

/** All that methods of texts make of a pattern; groups are left out: the engine empties them at each repetition. */
function used(pattern: RegExp, text: string) {
  const found = [...text.matchAll(pattern)].map((match) => [match.index, match[0]]);
  const rest = [
    text.match(pattern),
    text.replaceAll(pattern, "<$&>"),
    text.split(pattern),
    pattern.test(text),
  ];
  pattern.lastIndex = 0;
  return [found, ...rest];
}

const published = {
  "GPT-2": String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  Qwen: String.raw`(?:'[sS]|'[tT]|'[rR][eE]|'[lL][lL])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  o200k: String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?:'s|'ll)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  thousands: String.raw`\d{1,3}(?=(?:\d{3})*\b)|\D`,
  behind: String.raw`(?<=[a-z]\s?)[A-Z]\w*|(?<!\w)\d+`,
};
const pieces = ["a", "B", "cat", " ", "\n", "1", "23", "'s", "'LL", "é", "😀", "中", "  ", "\r\n", ".", "?!"];

test.each(Object.entries(published))("%s: as the engine matches it", (_, source) => {
  const { integer, pick } = random("published patterns");
  for (let i = 0; i < 200; i++) {
    const text = Array.from({ length: integer(40) }, () => pick(pieces)).join("");
    // An alternative that never matches keeps it from being left to the engine.
    const ours = linearPattern(`(?:${source})|(?:z+)+0`, "gu");
    expect(used(ours, text)).toEqual(used(new RegExp(source, "gu"), text));
  }
});

test("random patterns: as the engine matches them", () => {
  const { integer, pick } = random("random patterns");
  const atoms = ["a", "b", "c", "[ab]", "[^a]", "\\s", "\\w", ".", "\\p{L}", "\\x61", "\\.", "[\\]a-c]"];
  const signs = ["", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{1,}"];
  const looks = ["(?=", "(?!", "(?<=", "(?<!"];
  const choice = (depth: number): string =>
    Array.from({ length: 1 + integer(2) }, () => sequence(depth)).join("|");
  const sequence = (depth: number): string => {
    if (depth > 0 && integer(4) === 0) return `${pick(looks)}${choice(depth - 1)})${pick(atoms)}`;
    const group = () => `(?:${choice(depth - 1)}${pick(atoms)})${pick(signs)}`;
    const one = () => (depth > 0 && integer(3) === 0 ? group() : pick(atoms) + pick(signs));
    return Array.from({ length: 1 + integer(3) }, one).join("") + pick(atoms);
  };
  for (let i = 0; i < 3000; i++) {
    const source = `${choice(2)}|(?:z+)+0`;
    const text = Array.from({ length: integer(14) }, () =>
      pick(["a", "b", "c", " ", "\n", "1", "é", "."]),
    ).join("");
    expect([source, used(linearPattern(source, "gu"), text)]).toEqual([
      source,
      used(new RegExp(source, "gu"), text),
    ]);
  }
});

const catastrophes: readonly (readonly [string, string])[] = [
  ["(a+)+$", `${"a".repeat(5000)}b`],
  ["(a|a)*b", "a".repeat(5000)],
  ["(a|aa)+$", `${"a".repeat(5000)}b`],
  ["(.*)*(.*)*(.*)*x", "a".repeat(5000)],
  ["\\s*\\s*\\s*\\s+x", " ".repeat(5000)],
  ["a?".repeat(40) + "a".repeat(40), "a".repeat(39)],
  [`${"(?:a|a)".repeat(40)}b`, "a".repeat(40)],
  ["(?:a|a){40,}b", "a".repeat(60)],
  ["(\\w+\\.)+x$", `${"a.".repeat(200)}y`],
  ["(?=(a+)+$)b", "a".repeat(5000)],
  ["(?:.*b|a)", "a".repeat(20_000)],
  ["a{0,1000}a{0,1000}b", "a".repeat(5000)],
];

test.each(catastrophes)("%s ends", (source, text) => {
  let told = "";
  try {
    text.match(linearPattern(source, "gu"));
  } catch (error) {
    told = (error as Error).message;
  }
  expect(told).toMatch(/^$|too many steps/);
});

test("published patterns are left to the engine, others are not", () => {
  const left = (source: string) => patternProgram(source).plain;
  expect(left(published["GPT-2"])).toBe(true);
  expect(left(published.Qwen)).toBe(true);
  expect(
    left(published.Qwen.replaceAll("\\s", "\\p{White_Space}").replaceAll("\\S", "\\P{White_Space}")),
  ).toBe(true);
  expect(left("[,:;?!]|\\.(?![0-9])")).toBe(true);
  for (const [source] of catastrophes) expect([source, left(source)]).toEqual([source, false]);
});

test("what cannot be matched so is refused by name", () => {
  expect(() => linearPattern("(a)\\1", "u")).toThrow(/refers back/);
  expect(() => linearPattern("(?<x>a)\\k<x>", "u")).toThrow(/refers back/);
  expect(() => linearPattern("(a{1000}){1000}", "u")).toThrow(/repeats too much/);
  expect(() => linearPattern("(", "u")).toThrow(SyntaxError);
  expect(() => linearPattern(`${"(?:".repeat(500)}a${")".repeat(500)}`, "u")).toThrow(/deep/);
});
