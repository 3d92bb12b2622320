/**
 * A process of its own: how much memory 48 mapped bfloat16 matrices take when a program multiplies by them; with
 * `gradient` also when it goes back through all of them and computes activations again.
 */
import { readFileSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NdArray, np, valueAndGrad } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { type FileArray, float32, type HostArray } from "../../src/engine/host.ts";

const withGradient = process.argv[2] === "gradient";
const [count, D] = [48, 1024];
const folder = await mkdtemp(join(tmpdir(), "fovea-test-"));
const path = join(folder, "weights.bin");
// 1 on the diagonal, 0 elsewhere.
const one = new Uint16Array(D * D);
for (let i = 0; i < D; i++) one[i * D + i] = 0x3f80;
// One after the other: what was freed meanwhile would count against what is measured.
const written = await open(path, "w");
for (let i = 0; i < count; i++) await written.writeFile(new Uint8Array(one.buffer));
await written.close();

const megabytes = (field: string) => {
  const kilobytes = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Number(kilobytes) / 1024;
};

const length = 2 * D * D;
const weights = Array.from(
  { length: count },
  (_, i): FileArray => ({
    dtype: "float32",
    stored: "bfloat16",
    shape: [D, D],
    file: { path, offset: i * length, length },
  }),
);
/** y -> y + tanh(y Wᵀ) / 2: its gradient needs y again, and W. */
const chain = (x: NdArray, all: readonly NdArray[]) =>
  all.reduce((y, w) => np.add(y, np.multiply(np.tanh(np.einsum("ri,oi->ro", y, w)), 0.5)), x);
const gradient = (x: NdArray, all: readonly NdArray[]) =>
  valueAndGrad((y: NdArray): [NdArray, object] => [np.sum(chain(y, all)), {}])(x);
const fn = withGradient ? gradient : chain;
const options = { frozen: [1], machine: { threads: 1 }, ...(withGradient && { recompute: ["0"] }) };
const x = float32([2, D], Array(2 * D).fill(1));

const small = await compile(fn as never, [x, weights.slice(0, 1)], options);
await small.run(x);
await small.dispose();
global.gc?.();
const before = megabytes("VmRSS");
const program = await compile<HostArray | [[HostArray], HostArray]>(fn as never, [x, weights], options);
const out = await program.run(x);
let [value, slope] = [1, 1];
const slopes = Array.from({ length: count }, () => {
  const bent = Math.tanh(value);
  value += bent / 2;
  return 1 + (1 - bent ** 2) / 2;
});
for (const one of slopes) slope *= one;
const ratio = Array.isArray(out) ? out[1].data[0] / slope : out.data[0] / value;
const result = { grown: megabytes("VmHWM") - before, ratio };
await program.dispose();
await rm(folder, { recursive: true });
console.log(JSON.stringify(result));
