/** Values that no honest file holds. */
import type { Random } from "../../src/common/random.ts";

/** Stands for the folder beside a case's own, which no reader may open. */
export const OUTSIDE = "@OUTSIDE@";

const paths = [
  "../outside/secret.png",
  "../../../../../../../../etc/hostname",
  `${OUTSIDE}/secret.png`,
  `file://${OUTSIDE}/secret.png`,
  "../outside",
  "..",
  ".",
  "/",
  "/dev/zero",
  "CON",
  "a/../../outside/secret.txt",
  "..\\outside\\secret.png",
];

const words = [
  "",
  " ",
  "\0",
  "NaN",
  "-1",
  "1e999",
  "__proto__",
  "constructor",
  "toString",
  "\ud800",
  "\u202e",
  "\u2028",
  "\x1b[31mred\x1b]0;title\x07",
  "two\nlines",
  `<${"script"}>alert(1)</${"script"}>`, // No file of ours holds a script.
  "İ", // Longer in lower case.
  "🏳️‍🌈",
  "﷽",
  "<image>",
  "<image><image>",
  "<loc0000>",
  "http://127.0.0.1:9/",
  "data:image/png;base64,AAAA",
];

const patterns = [
  "(a+)+$",
  "(.*)*x",
  "((a|a)*)*",
  "[",
  "(?<=a)",
  "\\p{L}{1,30000}",
  "(x{1,1000}){1,1000}",
  ".*.*.*.*=",
];

const templates = [
  "{% for i in range(1000000000) %}x{% endfor %}",
  "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
  "{% for i in range(40) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
  "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
  "{{ 'a' * 1000000000 }}",
  "{{ messages.constructor.constructor('return process')().exit(3) }}",
  "{{ raise_exception('two\nlines') }}",
  "{{ bos_token",
  "{% if %}",
  "{{ ''.join(messages) }}",
  "{{ messages | tojson(indent=1000000000) }}",
];

/** Texts of every hostile kind. */
export function hostileText(random: Random): string {
  const kind = random.integer(8);
  if (kind === 0) return random.pick(paths);
  if (kind === 1) return random.pick(patterns);
  if (kind === 2) return random.pick(templates);
  if (kind === 3)
    return random
      .pick(["a", "a ", "0", "(", "\n", "é", "<", "[1,", "aab"])
      .repeat(random.pick([1000, 50_000]));
  return random.pick(words);
}

/** Numbers as a file spells them; some are no JSON, though Python writes and reads them. */
export const hostileNumbers = [
  "0",
  "-0",
  "1",
  "-1",
  "2",
  "0.5",
  "1e-300",
  "255",
  "65536",
  "1000000",
  "1000000000",
  "2147483647",
  "2147483648",
  "4294967296",
  "9007199254740993",
  "18446744073709551616",
  "1e308",
  "-1e308",
  "1e999",
  "NaN",
  "Infinity",
  "-Infinity",
  "1.0",
  "007",
];

/** A value as JSON spells it. */
export function hostileJson(random: Random): string {
  const kind = random.integer(5);
  if (kind <= 1) return random.pick(hostileNumbers);
  if (kind === 2)
    return random.pick([
      "null",
      "true",
      "false",
      "[]",
      "{}",
      "[[]]",
      "[null]",
      '{"":null}',
      "[0,0]",
      "[-1,1e9]",
    ]);
  if (kind === 3) return nested(random);
  return JSON.stringify(hostileText(random));
}

/** Lists or objects in one another. */
function nested(random: Random): string {
  const depth = random.pick([20, 200, 2000, 100_000]);
  const [open, close] = random.pick([
    ["[", "]"],
    ['{"a":', "}"],
    ['[{"type":', "}]"],
  ]);
  return `${open.repeat(depth)}0${close.repeat(depth)}`;
}
