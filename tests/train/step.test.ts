import { defaultDevice, init, numpy } from "@jax-js/jax";
import { beforeAll, expect, it } from "vitest";
import { mapValues } from "../../src/common/map-values.ts";
import { type NdArray, np } from "../../src/engine/array.ts";
import { stepScalars } from "../../src/train/step/optimiser.ts";
import { makeAccumulate, makeGradients, makeUpdate, type Objective } from "../../src/train/step/step.ts";
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
const values = async (x: NdArray) => [...(await x.ref.data())];

const micro = (share: number, first: number) =>
  ({ weights: weights(), share: numpy.array(share), first: numpy.array(first) }) as never;
const old = (): Named<NdArray> => ({ w: numpy.full([2, 2], 7) });

it("averages micro-batches to the gradients of the whole batch", async () => {
  const [whole, report] = makeGradients(objective)(old(), { w: w() }, frozen(), batch(0, 4), micro(1, 1));
  const accumulate = makeAccumulate(objective);
  const [one, first] = accumulate(old(), { w: w() }, frozen(), batch(0, 2), micro(0.5, 1));
  const [both, second] = accumulate(one, { w: w() }, frozen(), batch(2, 4), micro(0.5, 0));
  const close = async (a: NdArray, b: NdArray) => {
    const [left, right] = [await values(a), await values(b)];
    left.forEach((value, i) => {
      expect(value).toBeCloseTo(right[i], 5);
    });
  };
  await close(both.w, whole.w);
  await close(second.gradientNorm, report.gradientNorm);
  await close(np.divide(np.add(first.loss, second.loss), 2), report.loss);
});

it("changes and tracks trained leaves only", () => {
  const [gradients] = makeGradients(objective)(old(), { w: w() }, frozen(), batch(0, 4), micro(1, 1));
  expect(Object.keys(gradients)).toEqual(["w"]);
  const scalars = mapValues({ ...stepScalars(0.1, 0, options) }, (s) => numpy.array(s));
  const [next] = makeUpdate(options)(start(), gradients, scalars as never);
  expect(Object.keys(next.params)).toEqual(["w"]);
  expect(Object.keys(next.moments.first)).toEqual(["w"]);
});
