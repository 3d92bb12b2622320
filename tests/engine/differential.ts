import { expect } from "vitest";
import type { HostArray, Tree } from "../../src/engine/host.ts";
import type { Machine } from "../../src/engine/runtime/runtime.ts";
import type { ArrayFunction } from "../../src/engine/trace.ts";
import type { Case } from "./cases.ts";
import { onEngine, onJax, worstDifference } from "./compared.ts";

export { hostLeaves, onJax, ramp, toJax } from "./compared.ts";

/** Runs `fn` on the engine and under jax-js itself and expects the same leaves. */
export async function expectSame(
  fn: unknown,
  args: readonly Tree<HostArray>[],
  tolerance = 2e-5,
  device = "cpu",
  machine: Machine = {},
): Promise<void> {
  const got = await onEngine(fn as ArrayFunction, args, machine);
  const want = await onJax(fn as ArrayFunction, args, device);
  expect(got.map((leaf) => [leaf.dtype, leaf.shape])).toEqual(want.map((leaf) => [leaf.dtype, leaf.shape]));
  got.forEach((leaf, i) => {
    expectClose(leaf, want[i], tolerance);
  });
}

export function expectCase({ fn, args, tolerance, device }: Case, machine?: Machine): Promise<void> {
  return expectSame(fn, args, tolerance, device, machine);
}

export function expectClose(got: HostArray, want: HostArray, tolerance: number): void {
  const { at, error } = worstDifference(got, want);
  expect(error, `largest difference at ${at}: ${got.data[at]} against ${want.data[at]}`).toBeLessThanOrEqual(
    tolerance,
  );
}
