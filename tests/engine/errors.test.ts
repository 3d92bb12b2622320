import { describe, expect, it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { lax, np, valueAndGrad } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, int32 } from "../../src/engine/host.ts";

/** The message without line numbers and folders, which differ from machine to machine. */
async function messageOf(action: Promise<unknown>): Promise<string> {
  const error = await action.then(
    () => new Error("no error"),
    (e: Error) => e,
  );
  return error.message.replace(/\(?(file:\/\/)?\/\S*\/(tests\/\S*?):\d+:\d+\)?/, "$2");
}

describe("messages", () => {
  it("an unsupported primitive is named with its shapes and its place in the code", async () => {
    const whiten = (x: NdArray) => lax.linalg.cholesky(np.multiply(x, 2));
    expect(await messageOf(compile(whiten, [float32([3, 3])]))).toMatchInlineSnapshot(
      `"compile: primitive cholesky (float32[3,3]) -> float32[3,3] has no ONNX lowering; traced at whiten tests/engine/errors.test.ts"`,
    );
  });

  it("also inside a gradient", async () => {
    const loss = ({ x }: { x: NdArray }): [NdArray, object] => [np.sum(lax.linalg.cholesky(x)), {}];
    expect(await messageOf(compile(valueAndGrad(loss), [{ x: float32([2, 2]) }]))).toMatchInlineSnapshot(
      `"compile: primitive cholesky (float32[2,2]) -> float32[2,2] has no ONNX lowering; traced at loss tests/engine/errors.test.ts"`,
    );
  });

  it("a wrong argument is named by its path", async () => {
    const program = await compile(
      (p: { a: NdArray; b: NdArray[] }) => np.add(p.a, p.b[0]),
      [{ a: float32([2]), b: [float32([2])] }],
    );
    const wrongShape = program.run({ a: float32([2]), b: [float32([3])] });
    expect(await messageOf(wrongShape)).toMatchInlineSnapshot(
      `"run: argument 0.b.0 must be float32[2], got float32[3]"`,
    );
    expect(await messageOf(program.run({ a: int32([2]), b: [float32([2])] }))).toMatchInlineSnapshot(
      `"run: argument 0.a must be float32[2], got int32[2]"`,
    );
    expect(await messageOf(program.run({ a: float32([2]), b: [] }))).toMatchInlineSnapshot(
      `"run: arguments must have 2 arrays in all, got 1"`,
    );
    await program.dispose();
  });
});
