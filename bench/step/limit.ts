/** Process of the step benchmark: how fast ONNX Runtime multiplies matrices of some shapes; prints one line of JSON. */
import { type NdArray, np, slice } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32 } from "../../src/engine/host.ts";
import type { LimitJob } from "./job.ts";
import type { Product } from "./sizes.ts";

const { products, threads } = JSON.parse(process.argv[2]) as LimitJob;

/** Of a product, at its fastest. */
async function secondsOf({ m, i, o }: Product): Promise<number> {
  const matrix = (rows: number, columns: number) =>
    float32(
      [rows, columns],
      Float32Array.from({ length: rows * columns }, () => Math.random() - 0.5),
    );
  const factors = [matrix(m, i), matrix(i, o)] as const;
  // One number of the result is asked for: all of it is computed, and nothing is handed over.
  const corner = (a: NdArray, b: NdArray) => slice(slice(np.matmul(a, b), 0, 0, 1), 1, 0, 1);
  const program = await compile(corner as never, [...factors], { machine: { threads } });
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + 150;
  for (let run = 0; run < 3 || performance.now() < end; run++) {
    const start = performance.now();
    await program.run(...factors);
    best = Math.min(best, performance.now() - start);
  }
  await program.dispose();
  return best / 1e3;
}

const seconds: number[] = [];
for (const product of products) seconds.push(await secondsOf(product));
console.log(JSON.stringify({ seconds }));
