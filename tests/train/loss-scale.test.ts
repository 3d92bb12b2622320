import { describe, expect, it } from "vitest";
import { type NdArray, np } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray } from "../../src/engine/host.ts";
import type { Machine } from "../../src/engine/runtime/runtime.ts";
import type { Batch } from "../../src/losses/batch.ts";
import type { VlmParams } from "../../src/models/contract/parts.ts";
import type { ModelInputs } from "../../src/models/inputs/inputs.ts";
import { openLossScale } from "../../src/train/step/loss-scale.ts";
import { differentiate, type Objective } from "../../src/train/step/step.ts";
import { openStepper, zeroMoments } from "../../src/train/step/stepper.ts";
import { nextTokenLoss } from "../models/fixture.ts";
import { loadParity } from "../models/parity.ts";

const halves: Machine = { precision: "float16", threads: 1 };

describe("the scale of a loss", () => {
  it("doubles after two thousand good steps in a row and halves at an overflow", () => {
    const scale = openLossScale(8);
    for (let step = 0; step < 1999; step++) scale.grow();
    expect(scale.value).toBe(8);
    scale.grow();
    expect(scale.value).toBe(16);
    for (let step = 0; step < 1999; step++) scale.grow();
    expect(scale.shrink()).toBe(true);
    expect(scale.value).toBe(8);
    scale.grow();
    expect(scale.value).toBe(8);
  });

  it("is not to blame once it is 1, and has an end", () => {
    const small = openLossScale(2);
    expect([small.shrink(), small.shrink(), small.value]).toEqual([true, false, 1]);
    const large = openLossScale(2 ** 24);
    for (let step = 0; step < 2000; step++) large.grow();
    expect(large.value).toBe(2 ** 24);
  });
});

/** Its gradient by w, a product of x and `steepness`, leaves half precision where the loss is scaled much. */
const objective =
  (): Objective<never> =>
  ({ w }, given) => {
    const { x, steepness } = given as unknown as Record<"x" | "steepness", NdArray>;
    const fit = np.sum(np.multiply(np.matmul(x, w), steepness));
    return { loss: fit, parts: { fit } };
  };

async function stepped(steepness: number, machine: Machine) {
  const params = { w: float32([2, 1], [0.5, -1]) };
  const options = {
    beta1: 0.9,
    beta2: 0.95,
    epsilon: 1e-8,
    weightDecay: 0,
    clipNorm: 1,
    decays: () => false,
  };
  const state = { params, moments: zeroMoments(params) };
  const given = { objective, options, state, frozen: {}, losses: ["fit"], machine };
  const stepper = await openStepper(given, 1);
  const batch = { x: float32([2, 2], [1, 2, 3, 4]), steepness: float32([2, 1], [steepness, steepness]) };
  const made = { batch: batch as unknown as Batch, layout: { images: [] } };
  const report = await stepper.step([made], { step: 0, learningRate: 0.1 }, { fit: 1 });
  const { w } = await stepper.values();
  await stepper.dispose();
  return { report, w: [...w.data] };
}

describe("a step in half precision", () => {
  it("says its scale, and nothing of it in float32", async () => {
    expect((await stepped(0.5, halves)).report).toMatchObject({ lossScale: 2 ** 16, overflows: 0 });
    expect((await stepped(0.5, { threads: 1 })).report).not.toHaveProperty("lossScale");
  });

  it.each([1e-6, 0.25, 4, 1000])("is that of float32, however steep the loss: %d", async (steepness) => {
    const [got, want] = [await stepped(steepness, halves), await stepped(steepness, { threads: 1 })];
    expect(Math.abs(got.report.gradientNorm / want.report.gradientNorm - 1)).toBeLessThan(1e-3);
    got.w.forEach((value, i) => {
      expect(value).toBeCloseTo(want.w[i], 4);
    });
  });

  it("halves the scale until gradients fit, and makes the step then", async () => {
    const { report } = await stepped(1000, halves);
    expect(report.overflows).toBe(10);
    expect(report.lossScale).toBe(2 ** 6);
  });

  it("gives up where no scale helps, and leaves the state", async () => {
    const { report, w } = await stepped(1e6, halves);
    expect(report.gradientNorm).toBe(Number.POSITIVE_INFINITY);
    expect(w).toEqual([0.5, -1]);
  });
});

/** |a - b| / |b| */
function relative(a: HostArray, b: HostArray): number {
  let [apart, size] = [0, 0];
  b.data.forEach((value, i) => {
    apart += (a.data[i] - value) ** 2;
    size += value ** 2;
  });
  return Math.sqrt(apart / size);
}

describe("gradients of a model with products in half precision", () => {
  // Gemma's random weights give scores of some tens, whose rounding shows in probabilities.
  it.each([
    ["llava/siglip-qwen2", 0.005, 0.01],
    ["paligemma/gemma2", 0.03, 0.06],
  ])("are those of float32: %s, all together to %d, each large one to %d", async (name, together, each) => {
    const { family, layout, params, inputs, reference } = await loadParity(name);
    const labels = await reference("labels");
    const named = family.toNamed(params);
    const fn = (trained: Record<string, NdArray>, rows: ModelInputs, targets: NdArray, scale: NdArray) => {
      const loss: Objective<ModelInputs> = (all, given) => {
        const { logits } = family.forward(family.fromNamed(all) as VlmParams, given, { layout });
        return { loss: nextTokenLoss(logits as NdArray, targets), parts: {} };
      };
      return differentiate(loss, trained, {}, rows, {}, scale).gradients;
    };
    const gradients = async (machine: Machine) => {
      const scale = float32([], [machine.precision === "float16" ? 2 ** 10 : 1]);
      const program = await compile<Record<string, HostArray>>(fn as never, [named, inputs, labels, scale], {
        machine,
      });
      const results = await program.run(named, inputs, labels, scale);
      await program.dispose();
      for (const array of Object.values(results))
        array.data.forEach((_, i) => {
          array.data[i] /= scale.data[0];
        });
      return results;
    };
    const [got, want] = [await gradients(halves), await gradients({})];
    const norm = (array: HostArray) => Math.hypot(...(array.data as Float32Array));
    const total = Math.hypot(...Object.values(want).map(norm));
    const apart = Object.entries(want).map(([path, array]) => relative(got[path], array) * norm(array));
    expect(Math.hypot(...apart.filter(Number.isFinite)) / total).toBeLessThan(together);
    for (const [path, array] of Object.entries(want))
      if (norm(array) > 1e-3 * total) expect(relative(got[path], array), path).toBeLessThan(each);
  });
});
