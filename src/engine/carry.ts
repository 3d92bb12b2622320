/** State that goes from step to step without being allocated or copied anew, whichever program makes the step. */
import type { CompiledProgram } from "./compile.ts";
import type { ArraySpec, DType, HostArray, Tree, TypedArrays } from "./host.ts";
import { isLeaf, leavesWithPaths, sizeOf } from "./host.ts";
import { mapLeaves } from "./trace.ts";

export interface Carry<State> {
  /**
   * One step on the current state, of a program for `fn(state, ...rest) -> [state', out]`; gives `out`. Programs for
   * other shapes of `rest` may make other steps. The state stays as it is where a program throws.
   */
  step(program: Pick<CompiledProgram<unknown>, "runInto">, ...rest: readonly unknown[]): Promise<unknown>;
  /** The current state. Its arrays are overwritten by the step after next: copy what must stay. */
  readonly state: State;
  /** The state before the last step, for finding out what went wrong in it. Overwritten by the next step. */
  readonly previous: State;
}

/** Copies `initial` into the first of two sets of arrays, which take turns. */
export function openCarry<State>(initial: State): Carry<State> {
  const isArray = isLeaf as (x: unknown) => x is HostArray;
  const leaves = leavesWithPaths<HostArray>(initial as Tree<HostArray>, isArray).map(([, leaf]) => leaf);
  let current = leaves.map((leaf) => ({ ...leaf, data: leaf.data.slice() }) as HostArray);
  let spare = leaves.map((leaf) => ({ ...leaf, data: emptyLike(leaf) }) as HostArray);
  // Shapes only, so that the caller's arrays can go.
  const form = mapLeaves(
    initial as Tree<HostArray>,
    isArray,
    ({ dtype, shape }): ArraySpec => ({ dtype, shape }),
  );
  const restore = (arrays: readonly HostArray[]) => {
    const rest = [...arrays];
    return mapLeaves(form, isLeaf, () => rest.shift() as HostArray) as State;
  };
  return {
    get state() {
      return restore(current);
    },
    get previous() {
      return restore(spare);
    },
    async step(program, ...rest) {
      const result = await program.runInto(spare, current, ...rest);
      [current, spare] = [spare, current];
      return (result as readonly [unknown, unknown])[1];
    },
  };
}

function emptyLike(leaf: HostArray): TypedArrays[DType] {
  const Kind = leaf.data.constructor as new (size: number) => TypedArrays[DType];
  return new Kind(sizeOf(leaf.shape));
}
