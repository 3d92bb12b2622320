import { describe, expect, it } from "vitest";
import { runtime } from "#runtime";
import { type NdArray, np } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32 } from "../../src/engine/host.ts";
import { lower } from "../../src/engine/lower/lower.ts";
import { fuse } from "../../src/engine/passes/fuse.ts";
import { simplify } from "../../src/engine/passes/simplify.ts";
import { type Capabilities, processor, type Runtime } from "../../src/engine/runtime/runtime.ts";
import { trace } from "../../src/engine/trace.ts";
import { attentions, fewBits, layers, primitives } from "./cases.ts";
import { onEngine } from "./compared.ts";
import { expectCase, expectClose } from "./differential.ts";
import { drawn, gradients, values } from "./random-programs.ts";
import { train } from "./training.ts";

/** Node's runtime, which says that it can do less. */
function without(less: Partial<Capabilities>): Runtime {
  return { ...runtime, capabilities: (machine) => ({ ...runtime.capabilities(machine), ...less }) };
}

const nothing: Partial<Capabilities> = {
  fusedMatMul: false,
  slowTransposed: false,
  gatedAdd: false,
  sumSquares: false,
  multiHeadAttention: false,
  matMulBits: [],
  roundsOperands: false,
  exactSines: false,
  normStatistics: false,
  logSoftmax: false,
  ordered: false,
};
const plain = { runtime: without(nothing) };
/** Opset 20 of ONNX and nothing else. */
const own = (domain: string) => domain !== "";

describe("without any capability, engine against jax-js", () => {
  for (const one of [...primitives, ...attentions, ...layers, ...fewBits])
    it(one.name, () => expectCase(one, plain));
  it("random programs", async () => {
    for (const one of drawn({ ...values, numRuns: 100 })) await expectCase(one, plain);
  });
  it("gradients of random programs", async () => {
    for (const one of drawn({ ...gradients, numRuns: 50 })) await expectCase(one, plain);
  });
});

describe("a capability that is not there is not used", () => {
  it.each([...primitives, ...attentions, ...layers])("$name", async ({ fn, args }) => {
    const { program, constants } = await trace(fn as never, args);
    const graph = lower(fuse(simplify(program, constants)), constants, { ...processor, ...nothing });
    expect(graph.nodes.filter(({ domain }) => own(domain)).map(({ op }) => op)).toEqual([]);
  });
});

describe("in opset 18, engine against jax-js", () => {
  const older = { runtime: without({ opset: 18 }) };
  for (const one of [...primitives, ...attentions, ...layers, ...fewBits])
    it(one.name, () => expectCase(one, older));
});

describe("sine and cosine by arithmetic", () => {
  it("are exact to float32 over many periods", async () => {
    const x = float32(
      [4001],
      Array.from({ length: 4001 }, (_, i) => (i - 2000) * 1.37),
    );
    const [sine, cosine] = await onEngine((y: never) => [np.sin(y), np.cos(y)], [x], plain);
    const exact = (f: (x: number) => number) => float32([4001], Array.from(x.data, f));
    expectClose(sine, exact(Math.sin), 3e-7);
    expectClose(cosine, exact(Math.cos), 3e-7);
  });
});

describe("weights in 8 bits", () => {
  it.each(fewBits.filter(({ name }) => /^8.*product$/.test(name)))(
    "in float32 where that is asked for: $name",
    (one) => expectCase({ ...one, tolerance: 2e-5 }, { precision: "float32" }),
  );
});

describe("results that no runtime writes in place", () => {
  it("are copied into the arrays that take turns", async () => {
    expect(await train(3, { runtime: without({ inPlace: false }) })).toEqual(await train(3));
  });
});

describe("weights in a file", () => {
  it("are refused by a runtime that reads none", async () => {
    const weights = { dtype: "float32", shape: [2], file: { path: "w.bin", offset: 0, length: 8 } } as const;
    const twice = compile((w: NdArray, x: NdArray) => np.multiply(w, x), [weights, float32([2])], {
      frozen: [0],
      machine: { runtime: without({ files: false }) },
    });
    await expect(twice).rejects.toThrow('onnxruntime-node: weights must be in memory, got "w.bin"');
  });
});
