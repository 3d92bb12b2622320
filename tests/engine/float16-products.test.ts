import { describe, expect, it } from "vitest";
import { runtime } from "#runtime";
import { type NdArray, np } from "../../src/engine/array.ts";
import { float32, type HostArray } from "../../src/engine/host.ts";
import { lower } from "../../src/engine/lower/lower.ts";
import { type Capabilities, processor, type Runtime } from "../../src/engine/runtime/runtime.ts";
import { runtime as web } from "../../src/engine/runtime/web.ts";
import { trace } from "../../src/engine/trace.ts";
import { layers, primitives } from "./cases.ts";
import { engineOf, onEngine, worstDifference } from "./compared.ts";
import { ramp } from "./ramp.ts";
import { train } from "./training.ts";

const [a, b] = [float32([4, 40], ramp(160)), float32([40, 3], ramp(280).slice(160))];
const half = (x: HostArray) => float32(x.shape, Array.from(x.data, Math.f16round));
const matmul = (x: NdArray, y: NdArray) => np.matmul(x, y);

/** Node's runtime, multiplying halves by an operation of that type, as GPUs do. */
function by(halves: Capabilities["halves"]): Runtime {
  return { ...runtime, capabilities: (machine) => ({ ...runtime.capabilities(machine), halves }) };
}

describe("products in half precision", () => {
  it("are those of operands that are rounded to halves", async () => {
    const [got] = await onEngine(matmul, [a, b], { precision: "float16" });
    const [want] = await onEngine(matmul, [half(a), half(b)]);
    const [exact] = await onEngine(matmul, [a, b]);
    expect(worstDifference(got, want).error).toBeLessThan(1e-6);
    expect(worstDifference(got, exact).error).toBeGreaterThan(1e-5);
  });

  it.each(["MatMul", "FusedMatMul"] as const)(
    "have halves for operands of %s and float32 for the rest",
    async (halves) => {
      const fn = (x: NdArray, y: NdArray) => np.tanh(np.einsum("ij,kj->ik", np.exp(x), y));
      const { program, constants } = await trace(fn as never, [a, float32([3, 40])]);
      const graph = lower(program, constants, { ...processor, halves, multipliesHalves: true });
      const half = graph.nodes.filter(({ inputs }) => inputs.some(({ dtype }) => dtype === "float16"));
      const [moved, rest] = [["Cast", "Transpose"], half.map(({ op }) => op)];
      expect(rest.filter((op) => !moved.includes(op))).toEqual([halves]);
      expect(graph.outputs[0].dtype).toBe("float32");
    },
  );

  it.each([...primitives, ...layers])("change $name by rounding only", async (one) => {
    for (const halves of ["rounded", "MatMul"] as const) {
      const got = await engineOf(one, { precision: "float16", runtime: by(halves) });
      const want = await engineOf(one);
      // Operands of some units, whose 2^-11 add up over the few terms of these sums.
      for (const [i, array] of got.entries())
        expect(worstDifference(array, want[i]).error).toBeLessThan(8e-3);
    }
  });

  it("give a training step the loss of float32", async () => {
    const [got, want] = [await train(1, { precision: "float16" }), await train(1)];
    expect(Math.abs(got.losses[0] / want.losses[0] - 1)).toBeLessThan(1e-3);
  });

  it("are refused by a device that has none", () => {
    expect(() => web.capabilities({ device: "wasm", precision: "float16" })).toThrow(
      'machine: precision must be fast or float32 on wasm, got "float16"',
    );
  });
});
