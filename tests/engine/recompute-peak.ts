/** Prints the bytes by which a run of 24 layers raises the resident memory at most. `on`: with recomputation. */
import { readFileSync, writeFileSync } from "node:fs";
import type { NdArray } from "../../src/engine/array.ts";
import { np, valueAndGrad } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32 } from "../../src/engine/host.ts";

const layers = 24;
const [rows, width] = [2048, 64];

const loss = (w: NdArray, x: NdArray): [NdArray, object] => {
  let h = x;
  for (let i = 0; i < layers; i++) {
    const inner = np.tanh(np.matmul(h, w));
    h = np.add(
      h,
      np.tanh(np.matmul(np.concatenate([inner, np.square(inner)], 1), np.concatenate([w, w], 0))),
    );
  }
  return [np.mean(np.square(h)), {}];
};

const example = [
  float32([width, width], Array(width * width).fill(0.01)),
  float32([rows, width], Array(rows * width).fill(1)),
];
const recompute = process.argv[2] === "on" ? { recompute: ["0"] } : {};
const program = await compile(
  ((w: NdArray, x: NdArray) => valueAndGrad((given: NdArray) => loss(given, x))(w)) as never,
  example,
  recompute,
);
await program.run(...example);
const resident = (field: string) =>
  1024 * Number(readFileSync("/proc/self/status", "utf8").match(new RegExp(`${field}:\\s+(\\d+)`))?.[1]);
writeFileSync("/proc/self/clear_refs", "5"); // The peak starts anew.
const before = resident("VmRSS");
await program.run(...example);
console.log(resident("VmHWM") - before);
