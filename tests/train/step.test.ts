import { defaultDevice, init, numpy } from "@jax-js/jax";
import { beforeAll, expect, it } from "vitest";
import { mapValues } from "../../src/common/map-values.ts";
import { type NdArray, np } from "../../src/engine/array.ts";
import { type Moments, stepScalars } from "../../src/train/step/optimiser.ts";
import { makeAccumulate, makeApply, makeStep, type Objective } from "../../src/train/step/step.ts";
import type { Named } from "../../src/train/step/trees.ts";

beforeAll(async () => {
  await init("cpu");
  defaultDevice("cpu");
});

type Toy = { x: NdArray; y: NdArray };

/** A linear map with a frozen bias: squares of the error, and a size term of another weight. */
const objective: Objective<Toy> = (params, { x, y }, weights) => {
  const error = np.subtract(np.add(np.matmul(x, params.w), params.b), y);
  const fit = np.mean(np.square(error));
  const size = np.sum(np.square(params.w));
  const loss = np.add(np.multiply(fit, weights.fit), np.multiply(size, weights.size));
  return { loss, parts: { fit, size } };
};

const options = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1, decays: () => true };
const w = () => numpy.array([0.5, -1, 2, 0.25]).reshape([2, 2]);
const zeros = () => ({ w: numpy.zeros([2, 2]) });
const start = () => ({ params: { w: w() }, moments: { first: zeros(), second: zeros() } });
const frozen = () => ({ b: numpy.array([0.5, -0.5]) });
const rows: number[][] = [
  [1, 2],
  [3, -1],
  [0.5, 4],
  [-2, 1],
];
const batch = (from: number, to: number): Toy => ({
  x: numpy.array(rows.slice(from, to)),
  y: numpy.ones([to - from, 2]),
});
const weights = () => ({ fit: numpy.array(1), size: numpy.array(0.01) });
const scalars = () =>
  ({ ...mapValues({ ...stepScalars(0.1, 0, options) }, (s) => numpy.array(s)), weights: weights() }) as never;
const values = async (x: NdArray) => [...(await x.ref.data())];

it("averages micro-batches to the step of the whole batch", async () => {
  const [whole, report] = makeStep(objective, options)(start(), frozen(), batch(0, 4), scalars());

  const accumulate = makeAccumulate(objective);
  const nothing = { fit: numpy.array(7), size: numpy.array(7) };
  let sum = {
    gradients: { w: numpy.full([2, 2], 7) } as Named<NdArray>,
    loss: numpy.array(7),
    parts: nothing as Named<NdArray>,
  };
  for (const at of [0, 1]) {
    const micro = { weights: weights(), share: numpy.array(0.5), first: numpy.array(at === 0 ? 1 : 0) };
    [sum] = accumulate(sum, { w: w() }, frozen(), batch(2 * at, 2 * at + 2), micro as never);
  }
  const [split, { gradientNorm }] = makeApply(options)(start(), sum.gradients, scalars());

  const close = async (a: NdArray, b: NdArray) => {
    const [left, right] = [await values(a), await values(b)];
    left.forEach((value, i) => {
      expect(value).toBeCloseTo(right[i], 5);
    });
  };
  await close(split.params.w, whole.params.w);
  await close((split.moments as Moments<NdArray>).second.w, whole.moments.second.w);
  await close(gradientNorm, report.gradientNorm);
  await close(sum.loss, report.loss);
  await close(sum.parts.fit, report.parts.fit);
});

it("changes and tracks trained leaves only", () => {
  const [next] = makeStep(objective, options)(start(), frozen(), batch(0, 4), scalars());
  expect(Object.keys(next.params)).toEqual(["w"]);
  expect(Object.keys(next.moments.first)).toEqual(["w"]);
});
