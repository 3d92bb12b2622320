import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runtime } from "#runtime";
import { UserError } from "../../src/common/errors.ts";
import { type NdArray, np } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { type FileArray, float32 } from "../../src/engine/host.ts";
import { sessionError } from "../../src/engine/runtime/errors.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function failure(action: Promise<unknown>): Promise<string> {
  const error = await action.then(
    () => "nothing failed",
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(UserError);
  return (error as Error).message;
}

function multiply(path: string): Promise<unknown> {
  const weights: FileArray = { dtype: "float32", shape: [4, 4], file: { path, offset: 0, length: 64 } };
  const product = (w: NdArray, x: NdArray) => np.matmul(x, w);
  return compile(product, [weights, float32([4, 4])], { frozen: [0] });
}

describe("what ONNX Runtime cannot do is one line", () => {
  it("for bytes that are no model", async () => {
    const model = { files: [], staying: [], encode: () => Uint8Array.of(1, 2, 3) };
    expect(await failure(runtime.load(model, {}))).toBe(
      "onnxruntime-node: could not load the program: Failed to load model because protobuf parsing failed.",
    );
  });

  it("for weights that are not there, or too few", async () => {
    const path = join(folder, "weights.bin");
    expect(await failure(multiply(path))).toContain("could not load the program: ENOENT: no such file");
    await writeFile(path, new Uint8Array(10));
    expect(await failure(multiply(path))).toBe(
      "onnxruntime-node: could not load the program: a file of weights ends early; it must not change while a model is open",
    );
  });

  it("for more memory than there is", async () => {
    const program = await compile(
      (x: NdArray) => np.sort(np.broadcastTo(np.exp(x), [2 ** 40, 4]), -1),
      [float32([4])],
    );
    expect(await failure(program.run(float32([4])))).toBe(
      "onnxruntime-node: could not run the program: not enough memory; ask for less at once (fewer rows, smaller pictures, weights in fewer bits)",
    );
    await program.dispose();
  });

  it("without codes and places in its source", () => {
    const said =
      "[ONNXRuntimeError] : 1 : FAIL : graph.cc:42 onnxruntime::Graph::Resolve(const Options&) No such thing\n  at x";
    expect(sessionError("onnxruntime-web", "load", new Error(said)).message).toBe(
      "onnxruntime-web: could not load the program: No such thing",
    );
  });
});
