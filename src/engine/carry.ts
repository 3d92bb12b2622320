/**
 * State that goes from step to step without being allocated or copied anew, whichever program makes the step: written
 * over where the program can, else in two sets of arrays that take turns.
 */
import type { CompiledProgram } from "./compile.ts";
import type { ArraySpec, HostArray, Tree } from "./host.ts";
import { emptyLike, isLeaf, leavesWithPaths } from "./host.ts";
import { isOnDevice, type RuntimeArray } from "./runtime/runtime.ts";
import { mapLeaves } from "./trace.ts";

/** What a carry needs of a program. */
export type CarriedProgram = Pick<CompiledProgram<unknown>, "runInto" | "place" | "writesOverState">;

export interface Carry<State> {
  /**
   * One step on the current state, of a program for `fn(state, ...rest) -> [state', out]`; gives `out`. Programs for
   * other shapes of `rest` may make other steps. Where a program throws the state stays as it is, unless it
   * was being written over.
   */
  step(program: CarriedProgram, ...rest: readonly unknown[]): Promise<unknown>;
  /**
   * The current state. Its arrays are overwritten by the steps to come: copy what must stay. Where programs keep arrays
   * on a device, its leaves are handles, fit to be given to a program; `read` has the values.
   */
  readonly state: State;
  /** The values of what `pick` takes of the current state. */
  read<Part>(pick: (state: State) => Part): Promise<Part>;
  /** Gives back what is kept on a device. */
  dispose(): void;
}

const isAny = isLeaf as (x: unknown) => x is RuntimeArray;
const isArray = isLeaf as (x: unknown) => x is HostArray;

/** Starts from a copy of `initial`, or with `take` from its arrays themselves, which are then the carry's to write over. */
export function openCarry<State>(initial: State, { take = false } = {}): Carry<State> {
  const leaves = leavesWithPaths<HostArray>(initial as Tree<HostArray>, isArray).map(([, leaf]) => leaf);
  let current: readonly RuntimeArray[] = take ? apart(leaves) : leaves.map(copyOf);
  /** The other set, once a program needs one. */
  let spare: readonly RuntimeArray[] = [];
  let place: CarriedProgram["place"] | undefined;
  // Shapes only, so that the caller's arrays can go.
  const form = mapLeaves(
    initial as Tree<HostArray>,
    isArray,
    ({ dtype, shape }): ArraySpec => ({ dtype, shape }),
  );
  const restore = (arrays: readonly RuntimeArray[]) => {
    const rest = [...arrays];
    return mapLeaves(form, isLeaf, () => rest.shift() as RuntimeArray) as State;
  };
  /** To where the first program keeps arrays. */
  const settle = async (program: CarriedProgram) => {
    if (place !== undefined) return;
    place = program.place;
    if (place.handles) current = await uploaded(current, place);
  };
  /** What a step is written into: the state itself (in whose place new arrays come where a device makes those), or the other set. */
  const target = async ({ writesOverState }: CarriedProgram) => {
    if (writesOverState || (place?.handles && !place.overwrites)) return current;
    if (spare.length === 0) {
      const empty = current.map(emptyLike);
      spare = place?.handles ? await uploaded(empty, place) : empty;
    }
    return spare;
  };
  const release = (arrays: readonly RuntimeArray[], still: ReadonlySet<RuntimeArray> = new Set()) => {
    for (const array of new Set(arrays)) if (isOnDevice(array) && !still.has(array)) place?.release(array);
  };
  return {
    get state() {
      return restore(current);
    },
    async step(program, ...rest) {
      await settle(program);
      const into = await target(program);
      const result = await program.runInto(into, current, ...rest);
      const [next, out] = result as readonly [Tree<RuntimeArray>, unknown];
      const old = current;
      current = leavesWithPaths(next, isAny).map(([, leaf]) => leaf);
      if (into === spare) spare = old;
      else release(old, new Set(current));
      return out;
    },
    async read<Part>(pick: (state: State) => Part) {
      return (await downloaded(pick(restore(current)) as Tree<RuntimeArray>, place)) as Part;
    },
    dispose() {
      release([...current, ...spare]);
      [current, spare] = [[], []];
    },
  };
}

/** An array of its own with the same values. */
export function copyOf(array: HostArray): HostArray {
  return { ...array, data: array.data.slice() } as HostArray;
}

/** Arrays that can be written one by one: of those that lie in the same memory all but the first are copied. */
function apart(leaves: readonly HostArray[]): readonly HostArray[] {
  const seen = new Map<ArrayBufferLike, Set<number>>();
  return leaves.map((leaf) => {
    const { buffer, byteOffset } = leaf.data;
    const starts = seen.get(buffer) ?? new Set<number>();
    seen.set(buffer, starts);
    if (starts.has(byteOffset)) return copyOf(leaf);
    starts.add(byteOffset);
    return leaf;
  });
}

function uploaded(arrays: readonly RuntimeArray[], place: CarriedProgram["place"]) {
  return Promise.all(arrays.map((array) => place.upload(array as HostArray)));
}

async function downloaded(
  tree: Tree<RuntimeArray>,
  place: CarriedProgram["place"] | undefined,
): Promise<Tree<HostArray>> {
  const values = new Map<RuntimeArray, HostArray>();
  for (const [, array] of leavesWithPaths<RuntimeArray>(tree, isAny))
    values.set(array, place ? await place.download(array) : (array as HostArray));
  return mapLeaves(tree, isAny, (array) => values.get(array) as HostArray);
}
