import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { encodeModel } from "../../src/engine/onnx/encode.ts";
import { GraphBuilder } from "../../src/engine/onnx/graph.ts";

describe("a graph as ONNX bytes", () => {
  it("has every kind of field that the compiler writes, the same bytes as ever", () => {
    const g = new GraphBuilder();
    const x = g.input("in0", [2, 3], "float32");
    const table = g.stored([3, 4], "bfloat16", { path: "weights.bin", offset: 4096, length: 24 }, true);
    const wide = g.op("Cast", [table], [3, 4], "float32", { to: 1 });
    const product = g.op(
      "FusedMatMul",
      [x, wide],
      [2, 4],
      "float32",
      { alpha: { float: 0.5 } },
      "com.microsoft",
    );
    const turned = g.op("Transpose", [product], [4, 2], "float32", { perm: [1, 0] });
    const rounded = g.op("Gelu", [turned], [4, 2], "float32", { approximate: "tanh" });
    const shape = g.op("Add", [g.ints([2, 4]), g.ints([0, 0])], [2], "int64");
    const out = g.op("Reshape", [rounded, shape], [2, 4], "float32");
    const bytes = encodeModel({ ...g, inputs: [x], outputs: [out] }, { locate: (path) => `folder/${path}` });
    // Computed when the schema was still read from onnx.proto.
    const hash = createHash("sha256").update(bytes).digest("hex");
    expect([bytes.length, hash]).toEqual([
      504,
      "2146a4d46291c264da3cbedffb7ca409e150b5bb6aad5ac4955b2a58bfd9e4fb",
    ]);
  });
});
