import { np } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32 } from "../../src/engine/host.ts";

/** A program that ONNX Runtime is in for half a second or so: long enough to be ended within it. */
export async function openPass(): Promise<() => Promise<unknown>> {
  const size = 512;
  const matrix = float32([size, size], new Float32Array(size ** 2).fill(1 / size));
  const products = (a: never) => Array.from({ length: 300 }).reduce((x) => np.matmul(x as never, a), a);
  const program = await compile(products as never, [matrix], { machine: { threads: 1 } });
  return () => program.run(matrix);
}
