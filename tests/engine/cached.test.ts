import { describe, expect, it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { np } from "../../src/engine/array.ts";
import { cached } from "../../src/engine/cached.ts";
import type { HostArray } from "../../src/engine/host.ts";
import { float32 } from "../../src/engine/host.ts";

const ones = (length: number) => ({ x: float32([length], Array(length).fill(1)) });

describe("cached", () => {
  it("compiles once for each combination of shapes", async () => {
    let traces = 0;
    const program = cached<HostArray>(
      (weight: NdArray, { x }: { x: NdArray }) => {
        traces++;
        return np.sum(np.multiply(weight, x));
      },
      { frozen: [float32([], [3])] },
    );
    expect((await program.run(ones(2))).data[0]).toBe(6);
    expect((await program.run(ones(2))).data[0]).toBe(6);
    expect((await program.run(ones(5))).data[0]).toBe(15);
    expect((await program.run(ones(2))).data[0]).toBe(6);
    expect(traces).toBe(2);
    await program.dispose();
    expect(program.size).toBe(0);
  });

  it("keeps the programs used last", async () => {
    const traced: number[] = [];
    const program = cached(
      ({ x }: { x: NdArray }) => {
        traced.push(x.shape[0]);
        return np.sum(x);
      },
      { limit: 2 },
    );
    for (const length of [1, 2, 1, 3, 1, 2]) await program.run(ones(length));
    expect(traced).toEqual([1, 2, 3, 2]);
    expect(program.size).toBe(2);
    await program.dispose();
  });

  it("keeps a program that is running, however many others come", async () => {
    const program = cached<HostArray>(({ x }: { x: NdArray }) => np.sum(x), { limit: 1 });
    const lengths = [1, 2, 3, 4, 1, 2];
    const sums = await Promise.all(lengths.map(async (length) => (await program.run(ones(length))).data[0]));
    expect(sums).toEqual(lengths);
    expect(program.size).toBe(1);
    await program.dispose();
  });

  it("tries again after a failure", async () => {
    let fail = true;
    const program = cached(({ x }: { x: NdArray }) => {
      if (fail) throw new Error("not now");
      return np.sum(x);
    });
    await expect(program.run(ones(2))).rejects.toThrow("not now");
    fail = false;
    expect(await program.run(ones(2))).toMatchObject({ data: Float32Array.of(2) });
    await program.dispose();
  });
});
