import * as jax from "@jax-js/jax";
import { expect } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { DType, HostArray, Tree } from "../../src/engine/host.ts";
import { isLeaf, leavesWithPaths } from "../../src/engine/host.ts";
import type { ArrayFunction } from "../../src/engine/trace.ts";
import { initTracing, mapLeaves, toHost } from "../../src/engine/trace.ts";

/** Numbers in (-1, 1) without a pattern that a wrong order of axes would keep. */
export function ramp(count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.sin(1 + i * 2.39996));
}

/** Runs `fn` on the engine and under jax-js itself and expects the same leaves. */
export async function expectSame(
  fn: unknown,
  args: readonly Tree<HostArray>[],
  tolerance = 2e-5,
  device = "cpu",
): Promise<void> {
  const program = await compile(fn as ArrayFunction, args);
  const got = hostLeaves(await program.run(...args));
  const want = await onJax(fn as ArrayFunction, args, device);
  await program.dispose();
  expect(got.map((leaf) => [leaf.dtype, leaf.shape])).toEqual(want.map((leaf) => [leaf.dtype, leaf.shape]));
  got.forEach((leaf, i) => {
    expectClose(leaf, want[i], tolerance);
  });
}

export function expectClose(got: HostArray, want: HostArray, tolerance: number): void {
  const worst = { at: -1, error: 0 };
  for (let i = 0; i < want.data.length; i++) {
    const error = Math.abs(got.data[i] - want.data[i]) / Math.max(1, Math.abs(want.data[i]));
    if (!(error <= worst.error)) Object.assign(worst, { at: i, error });
  }
  const message = `largest difference at ${worst.at}: ${got.data[worst.at]} against ${want.data[worst.at]}`;
  expect(worst.error, message).toBeLessThanOrEqual(tolerance);
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
