/** A run in Node writes results where they belong, and nothing else. */
import { expect, test } from "vitest";
import { type NdArray, np } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray } from "../../src/engine/host.ts";

const MB = 2 ** 20;
const addOne = (x: NdArray) => np.add(x, 1);

test("a result that is written into a given array takes no memory, not even for a moment", async () => {
  const x = float32([32 * MB]);
  const into = float32([32 * MB]);
  into.data.fill(7); // So that its memory is there.
  const program = await compile<HostArray>(addOne, [x]);
  const peak = process.resourceUsage().maxRSS;
  await program.runInto([into], x);
  expect(into.data.at(-1)).toBe(1);
  expect((process.resourceUsage().maxRSS - peak) / 1024).toBeLessThan(64); // A copy has 128.
  await program.dispose();
});

test("a result of 64 MB takes 64 MB", async () => {
  const x = float32([16 * MB]);
  const program = await compile<HostArray>(addOne, [x]);
  const before = process.memoryUsage().arrayBuffers;
  const result = await program.run(x);
  expect((process.memoryUsage().arrayBuffers - before) / MB).toBeCloseTo(64, -1);
  expect(result.data.at(-1)).toBe(1);
  await program.dispose();
});
