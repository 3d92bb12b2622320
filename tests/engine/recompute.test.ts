import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { benchTask } from "../../bench/llava.ts";
import type { NdArray } from "../../src/engine/array.ts";
import { np, valueAndGrad } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import type { ArraySpec } from "../../src/engine/host.ts";
import type { Program } from "../../src/engine/ir.ts";
import { isLiteral } from "../../src/engine/ir.ts";
import { foldScalars } from "../../src/engine/passes/fold-scalars.ts";
import { fuse } from "../../src/engine/passes/fuse.ts";
import { peakBytes } from "../../src/engine/passes/lifetimes.ts";
import { recompute } from "../../src/engine/passes/recompute.ts";
import { simplify } from "../../src/engine/passes/simplify.ts";
import { workOf } from "../../src/engine/passes/work.ts";
import { trace } from "../../src/engine/trace.ts";
import { differentiate } from "../../src/train/step/step.ts";
import { split } from "../../src/train/step/trees.ts";
import { expectClose, hostLeaves } from "./differential.ts";
import { choices, inputs, randomFunction } from "./random-programs.ts";

type Weights = Readonly<Record<string, NdArray>>;

/** Layers h + tanh(tanh(h A) B) over h [64, 32] with 64 columns inside: one holds many times its border. */
function stack(layers: number) {
  const loss = (w: Weights, x: NdArray): [NdArray, object] => {
    let h = x;
    for (let i = 0; i < layers; i++)
      h = np.add(h, np.tanh(np.matmul(np.tanh(np.matmul(h, w[`a${i}`])), w[`b${i}`])));
    return [np.sum(np.square(h)), {}];
  };
  // Gradients are summed up, so that they take no memory themselves.
  return (w: Weights, x: NdArray) => {
    const [[value], gradients] = valueAndGrad((given: Weights) => loss(given, x))(w);
    return { value, gradients: Object.values(gradients).map((g) => np.sum(np.square(g))) };
  };
}

function stackInputs(layers: number): [Record<string, ArraySpec>, ArraySpec] {
  const shape = (...lengths: number[]): ArraySpec => ({ dtype: "float32", shape: lengths });
  const names = Array.from({ length: layers }, (_, i) => [
    [`a${i}`, shape(32, 64)],
    [`b${i}`, shape(64, 32)],
  ]);
  return [Object.fromEntries(names.flat()), shape(64, 32)];
}

async function stackProgram(layers: number): Promise<Program> {
  const { program, constants } = await trace(stack(layers) as never, stackInputs(layers));
  return fuse(foldScalars(simplify(program, constants)));
}

/** Every operand exists before it is read, and nothing is made twice under one name. */
function expectSound({ inputs: given, equations, outputs }: Program): void {
  const known = new Set(given.map(({ id }) => id));
  const isKnown = (x: Program["outputs"][number]) => isLiteral(x) || known.has(x.id);
  for (const equation of equations) {
    expect(equation.inputs.every(isKnown)).toBe(true);
    for (const { id } of equation.outputs) {
      expect(known.has(id)).toBe(false);
      known.add(id);
    }
  }
  expect(outputs.every(isKnown)).toBe(true);
}

describe("recomputation", () => {
  // [64, 32] floats
  const border = 64 * 32 * 4;

  it("lets a program's peak grow with the square root of its depth at most", async () => {
    const peaks: Record<number, number> = {};
    for (const layers of [16, 64]) {
      const plain = await stackProgram(layers);
      const better = recompute(plain, [plain.outputs[0]]);
      expectSound(better);
      expect(peakBytes(plain)).toBeGreaterThan(layers * 16 * border);
      peaks[layers] = peakBytes(better);
    }
    // One segment's work and 16 borders; the square root of 64 / 16 is 2.
    expect(peaks[16]).toBeLessThanOrEqual(36 * border);
    expect(peaks[64]).toBeLessThanOrEqual(2 * peaks[16]);
  });

  it("computes nothing more than twice", async () => {
    const plain = await stackProgram(16);
    const products = ({ equations }: Program) =>
      equations.filter(({ primitive }) => primitive === "tanh" || primitive === "exp").length;
    const forward = products(plain);
    const better = products(recompute(plain, [plain.outputs[0]]));
    expect(better).toBeGreaterThan(forward);
    expect(better).toBeLessThanOrEqual(2 * forward);
  });

  it.each([["ntp"], ["ntp,lll,klal"]])(
    "holds what all layers share, and what comes of a frozen tower: %s",
    async (losses) => {
      const text = { vocabulary: 64, side: 6, text: 28, answers: 3, concepts: 2 };
      const size = { layers: 12, width: 32, heads: 2, ...text, visionWidth: 64, visionLayers: 6 };
      const { objective, params, batch } = benchTask(size, losses.split(","));
      const [trained, frozen] = split(params, (name) => /language_model.*q_proj/.test(name));
      const fn = (p: Weights, f: Weights, b: never) => differentiate(objective, p, f, b, {});
      const traced = await trace(fn as never, [trained, frozen, batch] as never);
      const plain = fuse(foldScalars(simplify(traced.program, traced.constants)));
      const { value } = traced.rebuild([...plain.outputs.keys()]) as never as { value: { loss: number } };
      const first = plain.inputs.length - hostLeaves([trained, frozen, batch]).length;
      const start = first + hostLeaves(trained).length;
      const known = plain.inputs.slice(start, start + hostLeaves(frozen).length).map(({ id }) => id);
      const better = recompute(plain, [plain.outputs[value.loss]], new Set(known));
      expectSound(better);
      const work = ({ equations }: Program) => equations.reduce((sum, equation) => sum + workOf(equation), 0);
      expect(peakBytes(better)).toBeLessThan(0.35 * peakBytes(plain));
      expect(work(better)).toBeLessThan(1.25 * work(plain));
    },
  );

  it("makes the expected rows of the lens with the forward pass: no logits of a frozen head are computed again", async () => {
    const text = { vocabulary: 2048, side: 6, text: 28, answers: 3, concepts: 2 };
    const size = { layers: 12, width: 32, heads: 2, ...text, visionWidth: 64, visionLayers: 6 };
    const { objective, params, batch } = benchTask(size, ["ntp", "lll", "klal"]);
    const [trained, frozen] = split(params, (name) => /language_model.*q_proj/.test(name));
    const fn = (p: Weights, f: Weights, b: never) => differentiate(objective, p, f, b, {});
    const traced = await trace(fn as never, [trained, frozen, batch] as never);
    const plain = fuse(foldScalars(simplify(traced.program, traced.constants)));
    const { value } = traced.rebuild([...plain.outputs.keys()]) as never as { value: { loss: number } };
    const better = recompute(plain, [plain.outputs[value.loss]]);
    expectSound(better);
    const logits = ({ equations }: Program) =>
      equations.filter(({ primitive, outputs: [out] }) => primitive === "dot" && out.shape.at(-1) === 2048);
    expect(logits(plain).length).toBeGreaterThan(0);
    expect(logits(better)).toHaveLength(logits(plain).length);
  });

  it("leaves a program alone where nothing is to be gained", async () => {
    const plain = await stackProgram(2);
    expect(recompute(plain, plain.outputs)).toBe(plain);
  });

  it.each([["ntp"], ["ntp,lll,klal"]])("gives LLaVA's losses and gradients: %s", async (losses) => {
    const size = {
      layers: 3,
      width: 32,
      heads: 2,
      vocabulary: 64,
      side: 4,
      text: 8,
      answers: 3,
      concepts: 2,
    };
    const task = benchTask({ ...size, visionWidth: 32, visionLayers: 2 }, losses.split(","));
    const { objective, params, batch } = task;
    const fn = (p: Weights, b: never) => differentiate(objective, p, {}, b, {});
    const example = [params, batch];
    const plain = await compile(fn as never, example);
    const better = await compile(fn as never, example, { recompute: ["value"] });
    expect(better.times.equations).toBeGreaterThan(plain.times.equations);
    const want = hostLeaves(await plain.run(...example));
    const got = hostLeaves(await better.run(...example));
    got.forEach((leaf, i) => {
      expectClose(leaf, want[i], 2e-6);
    });
    await Promise.all([plain.dispose(), better.dispose()]);
  });

  it("gives the gradients of random programs", async () => {
    const property = fc.asyncProperty(choices, inputs, async (list, args) => {
      const made = randomFunction(list);
      const loss = (x: { a: NdArray; b: NdArray }): [NdArray, object] => {
        const sums = made(x.a, x.b).map((y) => np.sum(np.square(y)));
        return [sums.reduce((s, y) => np.add(s, y)), {}];
      };
      const fn = (x: never) => valueAndGrad(loss)(x);
      const example = [{ a: args[0], b: args[1] }];
      const plain = await compile(fn as never, example);
      const better = await compile(fn as never, example, { recompute: ["0"] });
      const want = hostLeaves(await plain.run(...example));
      const got = hostLeaves(await better.run(...example));
      await Promise.all([plain.dispose(), better.dispose()]);
      got.forEach((leaf, i) => {
        expectClose(leaf, want[i], 1e-4);
      });
    });
    await fc.assert(property, { numRuns: 25, seed: 3 });
  });

  it.runIf(existsSync("/proc/self/clear_refs"))("takes less memory when it runs", async () => {
    const script = join(import.meta.dirname, "recompute-peak.ts");
    // So that freed memory goes back to the system at once.
    const env = { ...process.env, MALLOC_MMAP_THRESHOLD_: "65536", MALLOC_TRIM_THRESHOLD_: "65536" };
    const peak = async (mode: string) =>
      Number((await promisify(execFile)(process.execPath, [script, mode], { env })).stdout);
    const [plain, better] = [await peak("off"), await peak("on")];
    // Each of 24 layers holds a dozen arrays of 512 KB; its border is one of them.
    expect(plain).toBeGreaterThan(24 * 10 * 2 ** 19);
    expect(better).toBeLessThan(plain / 4);
  });
});
