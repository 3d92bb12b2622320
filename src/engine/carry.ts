/** State that goes from step to step without being allocated or copied anew, whichever program makes the step. */
import type { CompiledProgram } from "./compile.ts";
import type { ArraySpec, HostArray, Tree } from "./host.ts";
import { emptyLike, isLeaf, leavesWithPaths } from "./host.ts";
import { isOnDevice, type RuntimeArray } from "./runtime/runtime.ts";
import { mapLeaves } from "./trace.ts";

/** What a carry needs of a program. */
export type CarriedProgram = Pick<CompiledProgram<unknown>, "runInto" | "place">;

export interface Carry<State> {
  /**
   * One step on the current state, of a program for `fn(state, ...rest) -> [state', out]`; gives `out`. Programs for
   * other shapes of `rest` may make other steps. The state stays as it is where a program throws.
   */
  step(program: CarriedProgram, ...rest: readonly unknown[]): Promise<unknown>;
  /**
   * The current state. Its arrays are overwritten by the step after next: copy what must stay. Where programs keep arrays
   * on a device, its leaves are handles, fit to be given to a program; `read` has the values.
   */
  readonly state: State;
  /** The state before the last step, for finding out what went wrong in it. Overwritten by the next step. */
  readonly previous: State;
  /** The values of what `pick` takes of the current state. */
  read<Part>(pick: (state: State) => Part): Promise<Part>;
  /** Gives back what is kept on a device. */
  dispose(): void;
}

const isAny = isLeaf as (x: unknown) => x is RuntimeArray;
const isArray = isLeaf as (x: unknown) => x is HostArray;

/** Copies `initial` into the first of two sets of arrays, which take turns. */
export function openCarry<State>(initial: State): Carry<State> {
  const leaves = leavesWithPaths<HostArray>(initial as Tree<HostArray>, isArray).map(([, leaf]) => leaf);
  let current: readonly RuntimeArray[] = leaves.map(
    (leaf) => ({ ...leaf, data: leaf.data.slice() }) as HostArray,
  );
  let spare: readonly RuntimeArray[] = leaves.map(emptyLike);
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
    if (!place.handles) return;
    current = await uploaded(current, place);
    if (place.overwrites) spare = await uploaded(spare, place);
  };
  const release = (arrays: ReadonlySet<RuntimeArray>) => {
    for (const array of arrays) if (isOnDevice(array)) place?.release(array);
  };
  /** Where a run makes new arrays on the device: releases those before the last step, so that there are two states, not three. */
  const makeRoom = () => {
    if (place === undefined || !place.handles || place.overwrites) return;
    const still = new Set(current);
    release(new Set(spare.filter((array) => !still.has(array))));
    spare = current.map((array, i) => (isOnDevice(array) ? array : spare[i]));
  };
  return {
    get state() {
      return restore(current);
    },
    get previous() {
      return restore(spare);
    },
    async step(program, ...rest) {
      await settle(program);
      makeRoom();
      const result = await program.runInto(spare, current, ...rest);
      const [next, out] = result as readonly [Tree<RuntimeArray>, unknown];
      [current, spare] = [leavesWithPaths(next, isAny).map(([, leaf]) => leaf), current];
      return out;
    },
    async read<Part>(pick: (state: State) => Part) {
      return (await downloaded(pick(restore(current)) as Tree<RuntimeArray>, place)) as Part;
    },
    dispose() {
      release(new Set([...current, ...spare]));
      [current, spare] = [[], []];
    },
  };
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
