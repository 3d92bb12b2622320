/**
 * Recomputation: what the backward pass needs of the forward pass is computed once more instead of being
 * held. (Chen et al., arXiv 1604.06174, with the cuts found in the program itself.)
 */
import type { Equation, Operand, Program } from "../ir.ts";
import { makeWriter } from "./gated-writer.ts";
import type { Memory } from "./lifetimes.ts";
import {
  aliasing,
  bytesOf,
  definitions,
  liveBytes,
  memoryOf,
  peakBytes,
  rootsOf,
  variables,
} from "./lifetimes.ts";
import { liveEquations } from "./simplify.ts";
import { workOf } from "./work.ts";

/**
 * The same program with a smaller peak of memory and about one more forward pass of work. The forward pass is
 * all that the results named `forward` need. It is cut into segments where few bytes cross; the backward pass
 * starts each segment again from what crosses its border. Between the segments stand `gate` equations, which
 * return their first operand once the others exist: the runtime, which orders equations as it likes, can
 * neither start a segment early nor see that it was computed before.
 *
 * Of several numbers of segments the one with the smallest peak is taken; without a gain the program is
 * returned as it is. `constants`: inputs of the program whose values are known.
 */
export function recompute(
  program: Program,
  forward: readonly Operand[],
  constants: ReadonlySet<number> = new Set(),
): Program {
  const split = { ...splitForward(program, forward), constants: withViews(program, constants) };
  if (split.saved.size === 0) return program;
  const weighed = (made: Program) => ({ made, peak: peakBytes(made) });
  const plans = cutPlans(split).map((segments) => weighed(assemble(split, segments)));
  const best = plans.reduce((a, b) => (b.peak < a.peak ? b : a), weighed(program));
  return best.peak < peakBytes(assemble(split, [split.forward])) ? best.made : program;
}

/** Constants and what only arranges them. */
function withViews({ equations }: Program, constants: ReadonlySet<number>): ReadonlySet<number> {
  const known = new Set(constants);
  for (const { primitive, inputs, outputs } of equations)
    if (aliasing.has(primitive) && variables(inputs).every(({ id }) => known.has(id)))
      for (const { id } of outputs) known.add(id);
  return known;
}

interface Split {
  readonly program: Program;
  readonly memory: Memory;
  /** In an order that frees memory early. */
  readonly forward: readonly Equation[];
  readonly backward: readonly Equation[];
  /** Roots of the forward pass that the backward pass reads. */
  readonly saved: ReadonlySet<number>;
  /** Roots that are read early instead: the runtime must not make many of them before it reads the first. */
  readonly spared: ReadonlySet<number>;
  /** Values of at most this many bytes are held rather than recomputed. */
  readonly small: number;
  /** Values that take more work than this for each of their bytes are held too. */
  readonly costlyWork: number;
  readonly constants: ReadonlySet<number>;
}

function splitForward(program: Program, results: readonly Operand[]): Omit<Split, "constants"> {
  const memory = memoryOf(program);
  const needed = liveEquations(program.equations, results);
  const early = takenEarly(program, new Set(needed), memory);
  const forward = [...needed, ...early];
  const isForward = new Set(forward);
  const backward = program.equations.filter((equation) => !isForward.has(equation));
  const made = new Set(forward.flatMap(({ outputs }) => rootsOf(outputs, memory)));
  const read = backward.flatMap(({ inputs }) => rootsOf(inputs, memory)).filter((root) => made.has(root));
  const saved = new Set(read.filter((root) => memory.bytes(root) > 0));
  const spared = new Set([...early].flatMap(({ inputs: operands }) => rootsOf(operands, memory)));
  const total = [...saved].reduce((sum, root) => sum + memory.bytes(root), 0);
  const small = total / Math.max(1, saved.size) / 32;
  const work = forward.reduce((sum, equation) => sum + workOf(equation), 0);
  const costlyWork = (8 * work) / Math.max(1, total); // Eight times what the others take.
  const ordered = freeingEarly(forward, memory);
  return { program, memory, forward: ordered, backward, saved, spared, small, costlyWork };
}

/**
 * What of the backward pass needs nothing of it and leaves little of a large array that nothing else of it reads, as the expected
 * row of a log-sum-exp: made with the forward pass, it spares that array. With the views that it reads.
 */
function takenEarly(program: Program, forward: ReadonlySet<Equation>, memory: Memory): Set<Equation> {
  const backward = program.equations.filter((equation) => !forward.has(equation));
  const known = [...program.inputs, ...[...forward].flatMap(({ outputs }) => outputs)];
  const ready = new Set(known.map(({ id }) => id));
  const readers = readsOf(backward, memory);
  const early = new Set<Equation>();
  for (const [i, equation] of backward.entries()) {
    const { primitive, inputs, outputs } = equation;
    if (!variables(inputs).every(({ id }) => ready.has(id))) continue;
    const own = rootsOf(inputs, memory).filter((root) => readers.get(root)?.every((reader) => reader === i));
    const freed = own.reduce((sum, root) => sum + memory.bytes(root), 0);
    const added = outputs.reduce((sum, output) => sum + bytesOf(output), 0);
    if (!aliasing.has(primitive) && 4 * added > freed) continue;
    early.add(equation);
    for (const { id } of outputs) ready.add(id);
  }
  return early;
}

/**
 * Moves an equation up to where its operands have been read otherwise, if it is their last reader and they
 * are no smaller than its results: a few rows of an array of each layer, wanted at the end, are taken when it
 * exists.
 */
function freeingEarly(equations: readonly Equation[], memory: Memory): Equation[] {
  const reads = readsOf(equations, memory);
  const made = new Map<number, number>();
  const places: number[] = [];
  equations.forEach((equation, i) => {
    const { inputs, outputs, primitive } = equation;
    const ready = Math.max(0, ...variables(inputs).map(({ id }) => made.get(id) ?? 0));
    const own = rootsOf(inputs, memory).filter((root) => reads.get(root)?.at(-1) === i);
    const freed = own.reduce((sum, root) => sum + memory.bytes(root), 0);
    const added = outputs.reduce((sum, output) => sum + bytesOf(output), 0);
    const others = own.map((root) => places[reads.get(root)?.at(-2) ?? -1] ?? 0);
    const early = Math.max(ready, ...others);
    places.push(aliasing.has(primitive) ? ready : freed >= added ? Math.min(i, early) : i);
    for (const { id } of outputs) made.set(id, places[i]);
  });
  return equations
    .map((equation, i) => ({ equation, i }))
    .sort((a, b) => places[a.i] - places[b.i] || a.i - b.i)
    .map(({ equation }) => equation);
}

/** For each root the equations that read its memory, in order. */
function readsOf(equations: readonly Equation[], memory: Memory): Map<number, number[]> {
  const reads = new Map<number, number[]>();
  equations.forEach(({ primitive, inputs }, i) => {
    if (aliasing.has(primitive)) return;
    for (const root of rootsOf(inputs, memory)) {
      const list = reads.get(root);
      if (list) list.push(i);
      else reads.set(root, [i]);
    }
  });
  return reads;
}

const segmentCounts = [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];

/** Ways to cut the forward pass: segments with about equal shares of what is saved. */
function cutPlans(split: Split): (readonly Equation[])[][] {
  const { program, forward, memory, saved, spared } = split;
  const live = liveBytes({ ...program, equations: forward, outputs: [] });
  let sum = 0;
  const upTo = forward.map(({ primitive, outputs }) => {
    for (const { id } of aliasing.has(primitive) ? [] : outputs)
      if (saved.has(id) || spared.has(id)) sum += memory.bytes(id);
    return sum;
  });
  const places = segmentCounts.map((count) => cuts(upTo, live, sum / count));
  const different = new Map(places.map((list) => [list.join(), list]));
  return [...different.values()].map((list) => segmentsAt(forward, list));
}

/** The ends of segments of half `share` to `share` saved bytes, where the fewest bytes cross. */
function cuts(upTo: readonly number[], live: readonly { after: number }[], share: number): number[] {
  const ends: number[] = [];
  let start = 0;
  let best = -1;
  for (let i = 0; i < upTo.length; i++) {
    const held = upTo[i] - start;
    if (held >= share / 2 && (best < 0 || live[i].after <= live[best].after)) best = i;
    if (held < share || best < 0) continue;
    ends.push(best + 1);
    start = upTo[best];
    i = best;
    best = -1;
  }
  return ends;
}

function segmentsAt(equations: readonly Equation[], ends: readonly number[]): (readonly Equation[])[] {
  const starts = [0, ...ends];
  return starts.map((start, i) => equations.slice(start, starts[i + 1])).filter((list) => list.length > 0);
}

/** The program made of these segments and of the backward pass, cut alike. */
function assemble(split: Split, segments: readonly (readonly Equation[])[]): Program {
  const { program } = split;
  const recomputed = recomputedSegments(split, segments);
  const backward = backwardSegments(split, recomputed);
  const writer = makeWriter(split);
  for (const segment of segments) writer.segment(segment);
  for (let s = segments.length - 1; s >= 0; s--) {
    writer.segment([...recomputed[s].equations, ...backward[s]], recomputed[s].equations);
  }
  const equations = liveEquations(writer.equations, program.outputs);
  return { ...program, equations };
}

/** What is recomputed of a segment. */
interface Recomputed {
  readonly equations: readonly Equation[];
  /** Their results. */
  readonly variables: ReadonlySet<number>;
}

/**
 * The last segment is not repeated: the backward pass starts with it. What crosses a border is held, by the forward
 * pass anyway: all of the backward pass would else wait for a mask that all layers read.
 */
function recomputedSegments(split: Split, segments: readonly (readonly Equation[])[]): Recomputed[] {
  const { memory, saved, small, costlyWork } = split;
  const defs = definitions(split.forward);
  const held = crossing(segments, memory);
  const isHeld = (id: number) => {
    const root = memory.root(id);
    return root === undefined || held.has(root) || memory.bytes(root) <= small || !defs.has(root);
  };
  /** What it takes to make a value once more, where `made` is there already. */
  const neededFor = (start: number, made: ReadonlySet<Equation>) => {
    const needed = new Set<Equation>();
    const visit = (id: number) => {
      const equation = defs.get(id) as Equation;
      if (needed.has(equation) || made.has(equation)) return;
      needed.add(equation);
      for (const { id: input } of variables(equation.inputs)) if (!isHeld(input)) visit(input);
    };
    visit(start);
    return needed;
  };
  return segments.map((segment, s) => {
    const made = new Set<Equation>();
    const roots = segment.flatMap(({ outputs }) => rootsOf(outputs, memory));
    for (const root of s < segments.length - 1 ? roots : []) {
      if (!saved.has(root) || isHeld(root)) continue;
      const needed = neededFor(root, made);
      const work = [...needed].reduce((sum, equation) => sum + workOf(equation), 0);
      if (work > costlyWork * memory.bytes(root)) held.add(root);
      else for (const equation of needed) made.add(equation);
    }
    return withViewsOf(split, segment, made);
  });
}

/** Roots that a segment reads and an earlier one makes. */
function crossing(segments: readonly (readonly Equation[])[], memory: Memory): Set<number> {
  const home = new Map<number, number>();
  const found = new Set<number>();
  for (const [s, segment] of segments.entries())
    for (const { inputs, outputs } of segment) {
      for (const root of rootsOf(inputs, memory)) if ((home.get(root) ?? s) !== s) found.add(root);
      for (const root of rootsOf(outputs, memory)) if (!home.has(root)) home.set(root, s);
    }
  return found;
}

/** With the views of what is repeated, in order. */
function withViewsOf(split: Split, segment: readonly Equation[], made: ReadonlySet<Equation>): Recomputed {
  const roots = new Set([...made].flatMap(({ outputs }) => rootsOf(outputs, split.memory)));
  const isView = ({ primitive, outputs }: Equation) =>
    aliasing.has(primitive) && rootsOf(outputs, split.memory).some((root) => roots.has(root));
  const equations = segment.filter((equation) => made.has(equation) || isView(equation));
  return { equations, variables: new Set(equations.flatMap(({ outputs }) => outputs.map(({ id }) => id))) };
}

/**
 * The segment of the backward pass that each equation belongs to: that of the earliest segment whose repeated
 * values it needs, or a later one where that holds less memory.
 */
function backwardSegments(
  { backward, program, memory }: Split,
  recomputed: readonly Recomputed[],
): Equation[][] {
  const last = recomputed.length - 1;
  const home = new Map<number, number>();
  recomputed.forEach(({ variables: made }, s) => {
    for (const id of made) home.set(id, s);
  });
  const segment = new Map<Equation, number>();
  for (const equation of backward) {
    const s = Math.min(last, ...variables(equation.inputs).map(({ id }) => home.get(id) ?? last));
    segment.set(equation, s);
    for (const { id } of equation.outputs) home.set(id, s);
  }
  delay(backward, program, memory, home, segment);
  return recomputed.map((_, s) => backward.filter((equation) => segment.get(equation) === s));
}

/** Moves equations that free less than they make down to their first reader. */
function delay(
  backward: readonly Equation[],
  { outputs: results }: Program,
  memory: Memory,
  home: ReadonlyMap<number, number>,
  segment: Map<Equation, number>,
): void {
  const reader = new Map<number, number>();
  const isResult = new Set(variables(results).map(({ id }) => id));
  for (const equation of backward.toReversed()) {
    const { inputs, outputs, primitive } = equation;
    const first = Math.max(-1, ...outputs.map(({ id }) => reader.get(id) ?? -1));
    const freed = rootsOf(inputs, memory).reduce(
      (sum, root) => sum + (home.has(root) ? memory.bytes(root) : 0),
      0,
    );
    const added = aliasing.has(primitive) ? 0 : outputs.reduce((sum, output) => sum + bytesOf(output), 0);
    const stays = outputs.some(({ id }) => isResult.has(id)) || first < 0;
    const own = segment.get(equation) as number;
    const s = !stays && added >= freed ? Math.min(own, first) : own;
    segment.set(equation, s);
    for (const { id } of variables(inputs)) reader.set(id, Math.max(reader.get(id) ?? -1, s));
  }
}
