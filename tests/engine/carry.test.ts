import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { np } from "../../src/engine/array.ts";
import { openCarry } from "../../src/engine/carry.ts";
import { compile } from "../../src/engine/compile.ts";
import type { HostArray } from "../../src/engine/host.ts";
import { float32 } from "../../src/engine/host.ts";

interface State<A> {
  readonly weight: A;
  readonly steps: readonly A[];
}

const step = ({ weight, steps }: State<NdArray>, x: NdArray): [State<NdArray>, { sum: NdArray }] => [
  { weight: np.add(np.multiply(weight, 0.5), x), steps: steps.map((count) => np.add(count, 1)) },
  { sum: np.sum(weight) },
];

function initial(length: number): State<HostArray> {
  return { weight: float32([length], Array(length).fill(1)), steps: [float32([]), float32([], [10])] };
}

describe("carry", () => {
  it("hands the state from step to step and returns the second result", async () => {
    const state = initial(2);
    const program = await compile(step, [state, float32([2])]);
    const carry = openCarry(state);
    const x = float32([2], [1, 2]);
    expect(await carry.step(program, x)).toMatchObject({ sum: { shape: [], data: Float32Array.of(2) } });
    expect(await carry.step(program, x)).toMatchObject({ sum: { data: Float32Array.of(1.5 + 2.5) } });
    expect(carry.state.weight).toEqual(float32([2], [1.75, 3.25]));
    expect(carry.state.steps.map((count) => count.data[0])).toEqual([2, 12]);
    expect(state.weight.data[0], "the caller's arrays stay as they were").toBe(1);
    await program.dispose();
  });

  it("writes into two sets of arrays that take turns", async () => {
    const state = initial(3);
    const program = await compile(step, [state, float32([3])]);
    const carry = openCarry(state);
    const seen = [];
    for (let t = 0; t < 6; t++) {
      await carry.step(program, float32([3]));
      seen.push(carry.state.weight.data);
      expect(carry.state.weight.data[0]).toBeCloseTo(0.5 ** (t + 1));
    }
    expect(new Set(seen).size).toBe(2);
    expect(seen[0]).toBe(seen[2]);
    await program.dispose();
  });

  it("writes over the state where every reader of it comes before", async () => {
    const state = initial(3);
    const silent = (old: State<NdArray>, x: NdArray) => [step(old, x)[0], { x: np.sum(x) }] as const;
    const program = await compile(silent as never, [state, float32([3])], { state: 0 });
    expect(program.writesOverState).toBe(true);
    const carry = openCarry(state);
    const { data } = carry.state.weight;
    for (let t = 0; t < 3; t++) {
      await carry.step(program, float32([3], [1, 1, 1]));
      expect(carry.state.weight.data).toBe(data);
    }
    expect([...data]).toEqual([1.875, 1.875, 1.875]);
    expect(state.weight.data[0], "the caller's arrays stay as they were").toBe(1);
    await program.dispose();
  });

  it.each([[[1]], [[1, 3]], [[2, 1]]])(
    "writes over arrays %j of which the next ones are made in turn",
    async (shape) => {
      const arrays = { mean: float32(shape), weight: float32(shape) };
      const both = (old: { mean: NdArray; weight: NdArray }, x: NdArray) => {
        const mean = np.add(np.multiply(old.mean, 0.5), x);
        return [{ mean, weight: np.subtract(np.multiply(old.weight, 0.5), np.sqrt(mean)) }, {}];
      };
      const program = await compile(both as never, [arrays, arrays.mean], { state: 0 });
      expect(program.writesOverState).toBe(true);
      await program.dispose();
    },
  );

  it("takes arrays to write over, and copies one that lies in another's memory", async () => {
    const same = float32([3], [1, 1, 1]);
    const state = { weight: same, steps: [same, float32([], [10])] };
    const silent = (old: State<NdArray>, x: NdArray) => [step(old, x)[0], {}] as const;
    const program = await compile(silent as never, [state, float32([3])], { state: 0 });
    const carry = openCarry(state, { take: true });
    await carry.step(program, float32([3]));
    expect(carry.state.weight.data).toBe(same.data);
    expect([...same.data]).toEqual([0.5, 0.5, 0.5]);
    expect([...carry.state.steps[0].data]).toEqual([2, 2, 2]);
    await program.dispose();
  });

  it.each([
    ["a later reader", (w: NdArray) => [{ w: np.add(w, 1) }, np.sum(w)]],
    ["a reader of its elements in another order", (w: NdArray) => [{ w: np.matmul(w, w) }, np.sum(w)]],
    [
      "a product that ONNX Runtime joins with its scale",
      (w: NdArray) => [{ w: np.multiply(np.matmul(w, w), 0.5) }, {}],
    ],
    ["a product that it joins with a sum", (w: NdArray) => [{ w: np.add(np.matmul(w, w), w) }, {}]],
    ["a product of a scaled matrix", (w: NdArray) => [{ w: np.matmul(np.multiply(w, 0.5), w) }, {}]],
    ["another array of the state", (w: NdArray) => [{ w: np.multiply(w, np.sum(w)) }, np.sum(np.exp(w))]],
  ])("keeps two sets where something reads the old state late: %s", async (_, fn) => {
    const w = float32([2, 2], [1, 2, 3, 4]);
    const both = (s: { w: NdArray }) => fn(s.w) as [unknown, unknown];
    const program = await compile(both as never, [{ w }], { state: 0 });
    expect(program.writesOverState).toBe(false);
    await program.dispose();
  });

  it("takes no more memory after two hundred steps", async () => {
    // In a process of its own: here other tests' memory would count too.
    // The C library would keep freed blocks for a while, in pieces: what is measured is what is held.
    const env = { ...process.env, MALLOC_MMAP_THRESHOLD_: "131072" };
    const script = join(import.meta.dirname, "soak.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [script], { env });
    const grown = JSON.parse(stdout) as { rss: number; arrays: number };
    // One array kept for each step would be 400 MB.
    expect(grown.rss).toBeLessThan(20e6);
    expect(grown.arrays).toBeLessThan(2e6);
  });
});
