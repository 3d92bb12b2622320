/** A function on the engine and under jax-js itself, side by side; for tests in Node and in a page. */
import * as jax from "@jax-js/jax";
import { compile } from "../../src/engine/compile.ts";
import type { ConstantArray, DType, HostArray, Tree } from "../../src/engine/host.ts";
import { isLeaf, leavesWithPaths } from "../../src/engine/host.ts";
import type { Machine } from "../../src/engine/runtime/runtime.ts";
import type { ArrayFunction } from "../../src/engine/trace.ts";
import { initTracing, mapLeaves, toHost } from "../../src/engine/trace.ts";
import type { Case } from "./cases.ts";

/** Runs `fn` on the engine; `frozen` stands before `args` and is compiled in. */
export async function onEngine(
  fn: ArrayFunction,
  args: readonly Tree<HostArray>[],
  machine: Machine = {},
  ...frozen: readonly ConstantArray[]
): Promise<HostArray[]> {
  const program = await compile(fn, [...frozen, ...args], { machine, frozen: [...frozen.keys()] });
  try {
    return hostLeaves(await program.run(...args));
  } finally {
    await program.dispose();
  }
}

/** The largest difference, relative to the larger of 1 and the value, and where it is. */
export function worstDifference(
  got: HostArray,
  want: HostArray,
): { readonly at: number; readonly error: number } {
  const worst = { at: -1, error: 0 };
  for (let i = 0; i < want.data.length; i++) {
    const error = Math.abs(got.data[i] - want.data[i]) / Math.max(1, Math.abs(want.data[i]));
    if (!(error <= worst.error)) Object.assign(worst, { at: i, error });
  }
  return worst;
}

/** Runs `fn` under jax-js itself. */
export async function onJax(
  fn: ArrayFunction,
  args: readonly Tree<HostArray>[],
  device = "cpu",
): Promise<HostArray[]> {
  await initTracing();
  const before = jax.defaultDevice();
  jax.defaultDevice(device as jax.Device);
  try {
    const arrays = args.map((tree) => mapLeaves(tree, isLeaf as (x: unknown) => x is HostArray, toJax));
    const out = (fn as unknown as (...a: unknown[]) => unknown)(...arrays);
    return await Promise.all((jax.tree.leaves(out as never) as jax.Array[]).map(toHost));
  } finally {
    jax.defaultDevice(before);
  }
}

const dtypes: Record<DType, jax.DType> = {
  float32: jax.DType.Float32,
  float64: jax.DType.Float64,
  int32: jax.DType.Int32,
  uint32: jax.DType.Uint32,
  bool: jax.DType.Bool,
};

export function toJax({ data, shape, dtype }: HostArray): jax.Array {
  return jax.numpy.array(data as never, { shape: [...shape], dtype: dtypes[dtype] } as never);
}

export function hostLeaves(tree: unknown): HostArray[] {
  return leavesWithPaths<HostArray>(tree as Tree<HostArray>, isLeaf as (x: unknown) => x is HostArray).map(
    ([, x]) => x,
  );
}

/** A case on the engine, and as jax-js has it. */
export function engineOf({ fn, args, weight }: Case, machine?: Machine): Promise<HostArray[]> {
  return onEngine(fn as ArrayFunction, args, machine, ...(weight ? [weight.stored] : []));
}

export function jaxOf({ fn, args, weight, device }: Case): Promise<HostArray[]> {
  return onJax(fn as ArrayFunction, [...(weight ? [weight.plain] : []), ...args], device);
}
