/** Regular expressions as programs: what `pattern.ts` runs. */
import { isEmptyable, isPlain, type PatternPart, parsePattern, type RepeatedPart } from "./pattern-syntax.ts";

/** One step of a program; those without a target go on to the next one. */
export type PatternStep =
  /** A character, or with `back` the one before, as in a look behind. */
  | { readonly op: "read"; readonly test: (code: number) => boolean; readonly back: boolean }
  | { readonly op: "at"; readonly test: (text: string, at: number) => boolean }
  /** Goes on at the first, and where that leads nowhere at the second. */
  | Fork
  | Jump
  | { readonly op: "mark"; readonly slot: number }
  /** Leads nowhere where nothing was read since the mark: a repetition of nothing is none. */
  | { readonly op: "moved"; readonly slot: number }
  /** Whether what follows, up to its "found", matches here; goes on at `to`. */
  | Lookaround
  | { readonly op: "found" };

interface Fork {
  readonly op: "fork";
  first: number;
  second: number;
}

interface Jump {
  readonly op: "jump";
  to: number;
}

interface Lookaround {
  readonly op: "lookaround";
  readonly wanted: boolean;
  to: number;
}

export interface PatternProgram {
  readonly steps: readonly PatternStep[];
  /** The whole match and its groups, each of which has a mark at either end: 2 i and 2 i + 1. */
  readonly groups: number;
  readonly marks: number;
  /** Whether the engine's own matching takes few steps too. */
  readonly plain: boolean;
}

/** Longer programs are refused: `(a{1000}){1000}`. */
const maxSteps = 5000;

/** Throws an Error that says what is wrong with it, or what it has that is not known here. */
export function patternProgram(source: string): PatternProgram {
  const { part, groups } = parsePattern(source);
  const steps: PatternStep[] = [];
  let marks = 2 * groups;
  const build: Build = {
    here: () => steps.length,
    add(step) {
      if (steps.length >= maxSteps) throw new Error(`repeats too much: it has more than ${maxSteps} steps`);
      steps.push(step);
      return step;
    },
    newSlot: () => marks++,
  };
  build.add({ op: "mark", slot: 0 });
  emit(build, part, false);
  build.add({ op: "mark", slot: 1 });
  build.add({ op: "found" });
  return { steps, groups, marks, plain: isPlain(source) };
}

interface Build {
  /** Place of the step that is added next. */
  here(): number;
  add<T extends PatternStep>(step: T): T;
  newSlot(): number;
}

/** `back`: what is read lies before the place. */
function emit(build: Build, part: PatternPart, back: boolean): void {
  const inside = (inner: PatternPart) => emit(build, inner, back);
  if (part.kind === "read") build.add({ op: "read", test: part.test, back });
  else if (part.kind === "at") build.add({ op: "at", test: part.test });
  else if (part.kind === "sequence") (back ? part.parts.toReversed() : part.parts).forEach(inside);
  else if (part.kind === "choice") emitChoice(build, part.parts, inside);
  else if (part.kind === "repeat") emitRepeat(build, part, inside);
  else if (part.kind === "group") {
    const [begin, end] = [2 * part.index, 2 * part.index + 1];
    build.add({ op: "mark", slot: back ? end : begin });
    inside(part.part);
    build.add({ op: "mark", slot: back ? begin : end });
  } else {
    const lookaround: Lookaround = build.add({ op: "lookaround", wanted: part.wanted, to: 0 });
    emit(build, part.part, part.back);
    build.add({ op: "found" });
    lookaround.to = build.here();
  }
}

function emitChoice(build: Build, parts: readonly PatternPart[], inside: (part: PatternPart) => void): void {
  const jumps = parts.slice(0, -1).map((part) => {
    const fork: Fork = build.add({ op: "fork", first: build.here() + 1, second: 0 });
    inside(part);
    const jump: Jump = build.add({ op: "jump", to: 0 });
    fork.second = build.here();
    return jump;
  });
  inside(parts[parts.length - 1]);
  for (const jump of jumps) jump.to = build.here();
}

function emitRepeat(
  build: Build,
  { part, least, most, lazy }: RepeatedPart,
  inside: (part: PatternPart) => void,
): void {
  const open = () => {
    const at = build.here();
    const fork: Fork = build.add({ op: "fork", first: at + 1, second: at + 1 });
    const close = () => {
      fork[lazy ? "first" : "second"] = build.here();
    };
    once();
    return { at, close };
  };
  const once = () => {
    if (!isEmptyable(part)) return inside(part);
    const slot = build.newSlot();
    build.add({ op: "mark", slot });
    inside(part);
    build.add({ op: "moved", slot });
  };
  for (let i = 0; i < least; i++) inside(part);
  if (most === Number.POSITIVE_INFINITY) {
    const loop = open();
    build.add({ op: "jump", to: loop.at });
    loop.close();
  } else for (const one of Array.from({ length: most - least }, open)) one.close();
}
