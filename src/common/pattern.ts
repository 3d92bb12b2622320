/**
 * Regular expressions that strangers wrote, matched in a number of steps that grows with the text and no faster: the
 * engine's own may take longer than the age of the world for `(a+)+$`. Backtracking that never goes on from the same step
 * at the same place twice, as RE2's (Cox, "Regular Expression Matching: the Virtual Machine Approach", 2009).
 *
 *     linearPattern(source, flags)   -> a RegExp that the methods of texts take (match, matchAll, replaceAll, split)
 */
import { BoundedCache } from "./bounded-cache.ts";
import { type PatternProgram, patternProgram } from "./pattern-program.ts";

/** Steps for one text: all its matches together. */
const steps = { least: 1_000_000, perCharacter: 150 };
/** What it takes to remember a pair of step and place, in steps. */
const rememberedSteps = 5;
/** Pairs of step and place that are remembered for one match. */
const maxVisited = 2_000_000;

/** Programs by their source: methods of texts make a pattern anew each time. */
const programs = new BoundedCache<string, PatternProgram>({ name: "patterns", limit: 200 });

function programOf(source: string): PatternProgram {
  return programs.getOrMakeNow(source, () => patternProgram(source));
}

/**
 * `flags` must hold `u`, and may hold `g` and `y`. Throws an Error that says what is wrong with the expression, or what it
 * has that cannot be matched so. Groups have numbers, not names; those inside of looks stay empty.
 */
export function linearPattern(source: string, flags: string): RegExp {
  return new LinearPattern(source, flags);
}

/** A class because methods of texts make further ones from a pattern's constructor. */
class LinearPattern extends RegExp {
  readonly #program: PatternProgram;
  #scan: Scan | undefined;

  constructor(source: string | RegExp, flags?: string) {
    super(source, flags);
    if (!/^[guy]*u[guy]*$/.test(this.flags)) throw new Error(`has flags that are not known: ${this.flags}`);
    this.#program = programOf(this.source);
  }

  override exec(text: string): RegExpExecArray | null {
    if (this.#program.plain) return super.exec(text);
    const moving = this.global || this.sticky;
    const from = moving ? this.lastIndex : 0;
    if (this.#scan?.text !== text || from === 0) this.#scan = scanOf(text);
    const marks = from > text.length ? undefined : search(this.#program, this.#scan, from, this.sticky);
    if (moving) this.lastIndex = marks?.[1] ?? 0;
    if (marks === undefined) return null;
    const groups = Array.from({ length: this.#program.groups }, (_, i) =>
      marks[2 * i] < 0 || marks[2 * i + 1] < 0 ? undefined : text.slice(marks[2 * i], marks[2 * i + 1]),
    );
    return Object.assign(groups, { index: marks[0], input: text, groups: undefined }) as RegExpExecArray;
  }
}

/** One text while its matches are looked for. */
interface Scan {
  readonly text: string;
  left: number;
  /** Answers of looks, by step and place. */
  readonly lookarounds: Map<number, boolean>;
}

function scanOf(text: string): Scan {
  return { text, left: steps.least + steps.perCharacter * text.length, lookarounds: new Map() };
}

/** Marks of the first match from a place on, or at it alone; undefined where there is none. */
function search(program: PatternProgram, scan: Scan, from: number, here: boolean): number[] | undefined {
  const seen = new Set<number>(); // What led nowhere from one place leads nowhere from a later one.
  const marks = new Array<number>(program.marks).fill(-1);
  const last = here ? from : scan.text.length;
  for (let start = from; start <= last; start++) {
    if (start > from && isInside(scan.text, start)) continue;
    if (run(program, scan, 0, start, seen, marks)) return marks;
    marks.fill(-1);
  }
  return undefined;
}

/** Whether a place lies between the two halves of one character. */
function isInside(text: string, at: number): boolean {
  const [before, after] = [text.charCodeAt(at - 1), text.charCodeAt(at)];
  return before >= 0xd800 && before < 0xdc00 && after >= 0xdc00 && after < 0xe000;
}

/** Takes steps from `first` at `start` until something is found; fills `marks`. */
function run(
  program: PatternProgram,
  scan: Scan,
  first: number,
  start: number,
  seen: Set<number>,
  marks: number[],
): boolean {
  const { text } = scan;
  const size = program.steps.length;
  // Pairs of step and place; a step below 0 puts back the mark -1 - step.
  const stack = [first, start];
  while (stack.length > 0) {
    let at = stack.pop() as number;
    let next = stack.pop() as number;
    if (next < 0) {
      marks[-1 - next] = at;
      continue;
    }
    for (;;) {
      if (scan.left-- <= 0) throw new Error(`takes too many steps on a text of ${text.length} characters`);
      const step = program.steps[next];
      if (step.op === "found") return true;
      if (step.op === "read") {
        const code = step.back ? codeBefore(text, at) : text.codePointAt(at);
        if (code === undefined || !step.test(code)) break;
        at += step.back ? -widthOf(code) : widthOf(code);
        next++;
      } else if (step.op === "fork") {
        const key = at * size + next;
        if (seen.has(key)) break;
        seen.add(key);
        scan.left -= seen.size > maxVisited ? scan.left : rememberedSteps;
        stack.push(step.second, at);
        next = step.first;
      } else if (step.op === "jump") next = step.to;
      else if (step.op === "mark") {
        stack.push(-1 - step.slot, marks[step.slot]);
        marks[step.slot] = at;
        next++;
      } else if (step.op === "moved") {
        if (marks[step.slot] === at) break;
        next++;
      } else if (step.op === "at") {
        if (!step.test(text, at)) break;
        next++;
      } else {
        if (lookaround(program, scan, next, at) !== step.wanted) break;
        next = step.to;
      }
    }
  }
  return false;
}

function lookaround(program: PatternProgram, scan: Scan, step: number, at: number): boolean {
  const key = at * program.steps.length + step;
  const known = scan.lookarounds.get(key);
  if (known !== undefined) return known;
  const found = run(program, scan, step + 1, at, new Set(), []);
  scan.lookarounds.set(key, found);
  return found;
}

function codeBefore(text: string, at: number): number | undefined {
  if (at === 0) return undefined;
  return text.codePointAt(at > 1 && isInside(text, at - 1) ? at - 2 : at - 1);
}

function widthOf(code: number): number {
  return code > 0xffff ? 2 : 1;
}
