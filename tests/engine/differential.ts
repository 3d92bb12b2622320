import { expect } from "vitest";
import type { HostArray, Tree } from "../../src/engine/host.ts";
import type { Machine } from "../../src/engine/runtime/runtime.ts";
import type { Case } from "./cases.ts";
import { engineOf, jaxOf, worstDifference } from "./compared.ts";

export { hostLeaves, onJax, toJax } from "./compared.ts";
export { ramp } from "./ramp.ts";

/** Runs `fn` on the engine and under jax-js itself and expects the same leaves. */
export async function expectSame(
  fn: unknown,
  args: readonly Tree<HostArray>[],
  tolerance = 2e-5,
  device: Case["device"] = "cpu",
  machine: Machine = {},
): Promise<void> {
  await expectCase({ name: "", fn, args, tolerance, device }, machine);
}

export async function expectCase(one: Case, machine?: Machine): Promise<void> {
  const got = await engineOf(one, machine);
  const want = await jaxOf(one);
  expect(got.map((leaf) => [leaf.dtype, leaf.shape])).toEqual(want.map((leaf) => [leaf.dtype, leaf.shape]));
  got.forEach((leaf, i) => {
    expectClose(leaf, want[i], one.tolerance ?? 2e-5);
  });
}

export function expectClose(got: HostArray, want: HostArray, tolerance: number): void {
  const { at, error } = worstDifference(got, want);
  expect(error, `largest difference at ${at}: ${got.data[at]} against ${want.data[at]}`).toBeLessThanOrEqual(
    tolerance,
  );
}
