import { beforeAll, expect, it } from "vitest";
import { nextToken } from "../../src/losses/next-token.ts";
import * as t from "./support.ts";

beforeAll(t.onCpu);

const { B, S, D, V, A } = t;
const last = t.fixture.hidden.at(-1) as number[];
const loss = (context = t.context()) => nextToken.compute(context, {}).loss;
const ofHidden = (hidden: ReturnType<typeof t.f64>) => loss(t.context({ taps: t.withLastHidden(hidden) }));
const ofWeight = (weight: ReturnType<typeof t.f64>) =>
  loss(t.context({ head: { ...t.context().head, weight } }));

it("is the mean of -log p over answer tokens, as PyTorch computes it", () => {
  expect(t.numberOf(loss())).toBeCloseTo(t.fixture.ntp.value, 12);
});

it("is log V where every token is as likely", () => {
  const weight = t.f64([V, D], new Float64Array(V * D).fill(0.3));
  expect(t.numberOf(ofWeight(weight))).toBeCloseTo(Math.log(V), 12);
});

it("has PyTorch's gradients in the hidden states and the unembedding", () => {
  const [hidden, weight] = t.fixture.ntp.gradients as number[][];
  t.gradient(ofHidden, [B, S, D], last).forEach((g, i) => {
    expect(g).toBeCloseTo(hidden[i], 12);
  });
  t.gradient(ofWeight, [V, D], t.fixture.weight).forEach((g, i) => {
    expect(g).toBeCloseTo(weight[i], 12);
  });
});

it("has the gradient of finite differences", () => {
  expect(t.gradientError(ofHidden, [B, S, D], last)).toBeLessThan(1e-8);
});

it("is 0 with a gradient of 0 under an empty mask", () => {
  const batch = t.testBatch({ answerMask: new Array(B * A).fill(0) });
  expect(t.numberOf(loss(t.context({ batch })))).toBe(0);
  const f = (hidden: ReturnType<typeof t.f64>) => loss(t.context({ batch, taps: t.withLastHidden(hidden) }));
  expect(t.gradient(f, [B, S, D], last).every((g) => g === 0)).toBe(true);
});

it("does not see what stands in masked places", () => {
  const { answerIds, answerPositions, answerMask } = t.fixture.batch as Record<string, number[]>;
  const other = (values: number[], value: number) =>
    values.map((kept, i) => (answerMask[i] === 1 ? kept : value));
  const batch = t.testBatch({
    answerIds: other(answerIds, 3),
    answerPositions: other(answerPositions, S - 1),
  });
  expect(t.numberOf(loss(t.context({ batch })))).toBeCloseTo(t.fixture.ntp.value, 12);
});

it("stays finite where one token has all the probability", () => {
  const weight = t.f64(
    [V, D],
    t.fixture.weight.map((w: number) => 1000 * w),
  );
  expect(Number.isFinite(t.numberOf(ofWeight(weight)))).toBe(true);
});
