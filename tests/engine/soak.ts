// Runs a carried program for 220 steps in a process of its own and prints by how many bytes the last 200 grew it.
import { type NdArray, np } from "../../src/engine/array.ts";
import { openCarry } from "../../src/engine/carry.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32 } from "../../src/engine/host.ts";

const length = 500_000;
const step = (weight: NdArray, x: NdArray): [NdArray, { sum: NdArray }] => [
  np.add(np.multiply(weight, 0.5), x),
  { sum: np.sum(weight) },
];
const x = float32([length]);
const program = await compile(step as never, [x, x]);
const carry = openCarry(x);
for (let t = 0; t < 20; t++) await carry.step(program, x);
const before = process.memoryUsage();
for (let t = 0; t < 200; t++) await carry.step(program, x);
const after = process.memoryUsage();
console.log(
  JSON.stringify({ rss: after.rss - before.rss, arrays: after.arrayBuffers - before.arrayBuffers }),
);
await program.dispose();
