/**
 * What products of halves cost on the processor against those of float32, in turns: `node bench/half-products.ts`. Eight products
 * of 512 x 1024 by 1024 x 1024, one after the other, on one thread; milliseconds of the processor for each run.
 */
import { type NdArray, np } from "../src/engine/array.ts";
import { type CompiledProgram, compile } from "../src/engine/compile.ts";
import { float32 } from "../src/engine/host.ts";
import type { Machine } from "../src/engine/runtime/runtime.ts";

const [rows, width, depth, rounds] = [512, 1024, 8, 5];
const x = float32(
  [rows, width],
  Float32Array.from({ length: rows * width }, (_, i) => Math.sin(i)),
);
const weights = Array.from({ length: depth }, (_, d) =>
  float32(
    [width, width],
    Float32Array.from({ length: width * width }, (_, i) => Math.cos(i + d) / 32),
  ),
);
const chain = (start: NdArray, ...list: NdArray[]) => list.reduce((y, w) => np.matmul(y, w), start);

const machines: Readonly<Record<string, Machine>> = {
  float32: { threads: 1 },
  float16: { threads: 1, precision: "float16" },
};
const programs: Record<string, CompiledProgram<unknown>> = {};
for (const [name, machine] of Object.entries(machines)) {
  programs[name] = await compile(chain as never, [x, ...weights], { machine });
  await programs[name].run(x, ...weights);
}
for (let round = 0; round < rounds; round++)
  for (const [name, program] of Object.entries(programs)) {
    const before = process.cpuUsage();
    for (let i = 0; i < 4; i++) await program.run(x, ...weights);
    const { user, system } = process.cpuUsage(before);
    console.log(`${name}: ${((user + system) / 4000).toFixed(0)} ms`);
  }
