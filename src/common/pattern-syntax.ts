/**
 * Regular expressions, in the spelling of JavaScript's flag `u`, as trees. Back references are refused: with them no method
 * is known that takes less than exponential time.
 */

export type PatternPart =
  | { readonly kind: "read"; readonly test: (code: number) => boolean }
  | { readonly kind: "at"; readonly test: (text: string, at: number) => boolean }
  | { readonly kind: "sequence"; readonly parts: readonly PatternPart[] }
  | { readonly kind: "choice"; readonly parts: readonly PatternPart[] }
  | RepeatedPart
  | { readonly kind: "group"; readonly part: PatternPart; readonly index: number }
  | {
      readonly kind: "lookaround";
      readonly part: PatternPart;
      readonly wanted: boolean;
      readonly back: boolean;
    };

export interface RepeatedPart {
  readonly kind: "repeat";
  readonly part: PatternPart;
  readonly least: number;
  readonly most: number;
  readonly lazy: boolean;
}

const deepestGroups = 100;

const token = {
  set: /\[(?:\\[\s\S]|[^\]\\])*\]/y,
  escape: /\\(?:[pP]\{[^}]*\}|u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[a-zA-Z]|[\s\S])/y,
  group: /\((?:\?(?:[:=!]|<[=!]|<[^>]*>))?/y,
  repeat: /(?:[*+?]|\{\d+(?:,\d*)?\})\??/y,
  character: /[\s\S]/uy,
} as const;

/** Throws an Error that says what is wrong with it, or what it has that is not known here. `groups`: the whole and each. */
export function parsePattern(source: string): { readonly part: PatternPart; readonly groups: number } {
  new RegExp(source, "u"); // Says in its own words what is wrong with the spelling.
  let [at, groups] = [0, 0];
  const take = (expression: RegExp): string | undefined => {
    expression.lastIndex = at;
    const found = expression.exec(source)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const unknown = () => new Error(`has something unknown at ${JSON.stringify(source.slice(at, at + 10))}`);

  function choice(depth: number): PatternPart {
    if (depth > deepestGroups) throw new Error(`has groups more than ${deepestGroups} deep in one another`);
    const parts = [sequence(depth)];
    for (; source[at] === "|"; parts.push(sequence(depth))) at++;
    return parts.length === 1 ? parts[0] : { kind: "choice", parts };
  }

  function sequence(depth: number): PatternPart {
    const parts: PatternPart[] = [];
    while (at < source.length && source[at] !== "|" && source[at] !== ")")
      parts.push(repeated(atom(depth), take(token.repeat)));
    return { kind: "sequence", parts };
  }

  function atom(depth: number): PatternPart {
    const opening = take(token.group);
    if (opening !== undefined) return group(opening, depth);
    const spelt = take(token.set) ?? take(token.escape) ?? take(token.character) ?? "";
    if (/^\\(?:[1-9]|k)/.test(spelt))
      throw new Error("refers back to what it matched, which is not supported");
    const place = places[spelt];
    return place === undefined ? { kind: "read", test: testOf(spelt) } : { kind: "at", test: place };
  }

  function group(opening: string, depth: number): PatternPart {
    const lookaround = /^\(\?(<?)([=!])$/.exec(opening);
    const index = lookaround === null && opening !== "(?:" ? ++groups : 0;
    const part = choice(depth + 1);
    if (source[at] !== ")") throw unknown();
    at++;
    if (lookaround !== null)
      return { kind: "lookaround", part, wanted: lookaround[2] === "=", back: lookaround[1] === "<" };
    return index === 0 ? part : { kind: "group", part, index };
  }

  const part = choice(0);
  if (at < source.length) throw unknown();
  return { part, groups: groups + 1 };
}

function repeated(part: PatternPart, sign: string | undefined): PatternPart {
  if (sign === undefined) return part;
  const [, from, comma, to] = /^\{(\d+)(,?)(\d*)\}/.exec(sign) ?? [];
  const lazy = sign.length > 1 && sign.endsWith("?");
  const endless = Number.POSITIVE_INFINITY;
  if (from === undefined)
    return {
      kind: "repeat",
      part,
      least: sign[0] === "+" ? 1 : 0,
      most: sign[0] === "?" ? 1 : endless,
      lazy,
    };
  const most = comma === "" ? Number(from) : to === "" ? endless : Number(to);
  return { kind: "repeat", part, least: Number(from), most, lazy };
}

const isWord = (code: number | undefined) => code !== undefined && /\w/.test(String.fromCodePoint(code));
const isBetweenWords = (text: string, at: number) =>
  isWord(text.codePointAt(at)) !== isWord(at > 0 ? text.charCodeAt(at - 1) : undefined);

/** Where it stands, by the sign for it. */
const places: Readonly<Record<string, (text: string, at: number) => boolean>> = {
  "^": (_, at) => at === 0,
  $: (text, at) => at === text.length,
  "\\b": isBetweenWords,
  "\\B": (text, at) => !isBetweenWords(text, at),
};

/** Whether a character is one of a set, an escape or the character itself; the engine's own expressions know. */
function testOf(spelt: string): (code: number) => boolean {
  const literal = spelt.codePointAt(0) as number;
  if (!/^[[\\.]/.test(spelt)) return (code) => code === literal;
  const expression = new RegExp(`^${spelt}$`, "u");
  const matches = (code: number) => expression.test(String.fromCodePoint(code));
  const ascii = Array.from({ length: 128 }, (_, code) => matches(code));
  const known = new Map<number, boolean>();
  return (code) => {
    if (code < 128) return ascii[code];
    const answer = known.get(code) ?? matches(code);
    if (known.size < 100_000) known.set(code, answer);
    return answer;
  };
}

/** Whether it can match where nothing is read. */
export function isEmptyable(part: PatternPart): boolean {
  if (part.kind === "read") return false;
  if (part.kind === "sequence") return part.parts.every(isEmptyable);
  if (part.kind === "choice") return part.parts.some(isEmptyable);
  if (part.kind === "repeat") return part.least === 0 || isEmptyable(part.part);
  return part.kind === "group" ? isEmptyable(part.part) : true;
}

/** How published tokenizers end, as they spell white space and as it is rewritten: a run of it is taken whole. */
const spaceEnds = [
  ["\\s", "\\S"],
  ["\\p{White_Space}", "\\P{White_Space}"],
].flatMap(([space, other]) => {
  const end = `${space}+(?!${other})|${space}+`;
  return [`${space}*[\\r\\n]+|${end}`, end];
});

/**
 * Whether the engine's own backtracking takes few steps on any text, which is said only of forms that are plainly so: no
 * repetition in a repetition, and behind a part of no fixed length nothing that can fail, but for one part that may be
 * left out; or a choice of such forms that ends as the tokenizers of GPT-2, Llama 3 and Qwen do.
 */
export function isPlain(source: string): boolean {
  const end = spaceEnds.find((one) => source === one || source.endsWith(`|${one}`));
  const rest = end === undefined ? source : source.slice(0, -end.length - 1);
  try {
    return isSteady(parsePattern(rest).part);
  } catch {
    return false; // The end belongs to a group.
  }
}

/** Ways to match that may have to be tried at one place. */
const maxWays = 100;

function isSteady(part: PatternPart): boolean {
  if (part.kind === "choice") return part.parts.every(isSteady);
  const parts = part.kind === "sequence" ? part.parts : [part];
  const last = parts.findLastIndex(
    (one) => !isEmptyable(one) || one.kind === "lookaround" || one.kind === "at",
  );
  const loose = parts.filter((one) => one.kind === "repeat");
  const before = parts.filter((one, i) => one.kind === "repeat" && i < last) as RepeatedPart[];
  if (loose.some((one) => waysOf(one.part) !== 1)) return false;
  if (waysOf({ kind: "sequence", parts: parts.filter((one) => one.kind !== "repeat") }) > maxWays)
    return false;
  return before.length === 0 || (before.length === 1 && before[0].most === 1);
}

/** Ways in which a part without repetitions can match; no end of them where it has any. */
function waysOf(part: PatternPart): number {
  if (part.kind === "read" || part.kind === "at") return 1;
  if (part.kind === "repeat") return Number.POSITIVE_INFINITY;
  if (part.kind === "sequence") return part.parts.reduce((ways, one) => ways * waysOf(one), 1);
  if (part.kind === "choice") return part.parts.reduce((ways, one) => ways + waysOf(one), 0);
  return waysOf(part.part);
}
