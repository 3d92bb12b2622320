import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { np } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import type { FileArray, HostArray } from "../../src/engine/host.ts";
import { float32 } from "../../src/engine/host.ts";

const product = (x: NdArray, p: { weight: NdArray; bias: NdArray }) => np.add(np.matmul(x, p.weight), p.bias);
const x = float32([1, 2], [1, 2]);

describe("frozen arguments", () => {
  it("are constants of the program and not passed to run", async () => {
    const weights = { weight: float32([2, 2], [1, 2, 3, 4]), bias: float32([2], [10, 20]) };
    const program = await compile<HostArray>(product, [x, weights], { frozen: [1] });
    expect([...(await program.run(x)).data]).toEqual([17, 30]);
    await program.dispose();
  });

  it("can lie anywhere in a file, also after the program was made", async () => {
    const folder = await mkdtemp(join(tmpdir(), "fovea-test-"));
    const path = join(folder, "weights.bin");
    await writeFile(path, new Uint8Array(Float32Array.from([99, 1, 2, 3, 4, 10, 20]).buffer));
    const at = (shape: number[], first: number): FileArray => {
      const length = 4 * shape.reduce((a, b) => a * b, 1);
      return { dtype: "float32", shape, file: { path, offset: 4 * first, length } };
    };
    const weights = { weight: at([2, 2], 1), bias: at([2], 5) };
    const program = await compile<HostArray>(product, [x, weights], { frozen: [1] });
    expect([...(await program.run(x)).data]).toEqual([17, 30]);
    await rm(folder, { recursive: true });
    expect([...(await program.run(x)).data]).toEqual([17, 30]);
    await program.dispose();
  });

  it("must have values", async () => {
    const shapes = { weight: { dtype: "float32", shape: [2, 2] }, bias: float32([2]) };
    await expect(compile(product, [x, shapes], { frozen: [1] })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[TypeError: compile: frozen argument 1: weight must hold values, got a shape only]`,
    );
  });
});
