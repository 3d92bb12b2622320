import { beforeAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { logitLens } from "../../src/losses/logit-lens.ts";
import * as t from "./support.ts";

beforeAll(t.onCpu);

const { B, S, D, V, K, C, N } = t;
const last = t.fixture.hidden.at(-1) as number[];
const compute = (options: object, context = t.context()) =>
  logitLens.compute(context, logitLens.options.parse(options));
const value = (options: object, changes: t.Changes = {}) =>
  t.numberOf(compute(options, t.context({ batch: t.testBatch(changes) })).loss);
const ofHidden =
  (options: object, changes: t.Changes = {}) =>
  (hidden: NdArray) =>
    compute(options, t.context({ batch: t.testBatch(changes), taps: t.withLastHidden(hidden) })).loss;
const ofWeight = (weight: NdArray) => compute({}, t.context({ head: { ...t.context().head, weight } })).loss;

it.each(t.fixture.lll as { options: object; value: number }[])(
  "is PyTorch's value with $options",
  ({ options, value: expected }) => {
    expect(value(options)).toBeCloseTo(expected, 10);
  },
);

it("is what a hand computes where every token is as likely", () => {
  const head = { ...t.context().head, weight: t.f64([V, D], new Float64Array(V * D)) };
  const { loss, parts } = compute({}, t.context({ head }));
  // p = 1/7 everywhere. Of 5 concepts, 4 show somewhere (log 7 each), and 4 have negatives (-log(6/7) each).
  expect(t.numberOf(parts!.positive)).toBeCloseTo((4 * Math.log(7)) / 5, 12);
  expect(t.numberOf(parts!.negative)).toBeCloseTo((4 * Math.log(7 / 6)) / 5, 12);
  expect(t.numberOf(loss)).toBeCloseTo((4 * Math.log(7) + 4 * Math.log(7 / 6)) / 5, 12);
});

describe("gradient", () => {
  it("is PyTorch's in the hidden states and the unembedding", () => {
    const [hidden, weight] = t.fixture.lll[0].gradients as number[][];
    t.gradient(ofHidden({}), [B, S, D], last).forEach((g, i) => {
      expect(g).toBeCloseTo(hidden[i], 10);
    });
    t.gradient(ofWeight, [V, D], t.fixture.weight).forEach((g, i) => {
      expect(g).toBeCloseTo(weight[i], 10);
    });
  });

  it.each([{ tokens: "max" }, { tokens: "first" }, { negatives: "balanced" }, { layers: "all" }])(
    "is that of finite differences with %o",
    (options) => {
      expect(t.gradientError(ofHidden(options), [B, S, D], last)).toBeLessThan(1e-7);
    },
  );
});

describe("masks", () => {
  const everywhere = new Array(B * K * N).fill(1);
  const nowhere = new Array(B * K * N).fill(0);
  const unused = new Array(B * K * C).fill(0);

  it.each(["mean", "first", "max"])("gives 0 without a concept, with a gradient of 0 (%s)", (tokens) => {
    const changes = { conceptTokenMask: unused };
    expect(value({ tokens }, changes)).toBe(0);
    const gradient = t.gradient(ofHidden({ tokens }, changes), [B, S, D], last);
    expect(gradient.every((g) => g === 0)).toBe(true);
  });

  it.each([
    { coverage: everywhere, absent: "negative" },
    { coverage: nowhere, absent: "positive" },
  ])("has no $absent term where no patch is $absent", ({ coverage, absent }) => {
    const batch = t.testBatch({ conceptCoverage: coverage });
    const { loss, parts } = compute({}, t.context({ batch }));
    const other = absent === "negative" ? "positive" : "negative";
    expect(t.numberOf(parts![absent])).toBe(0);
    expect(t.numberOf(loss)).toBe(t.numberOf(parts![other]));
    expect(t.numberOf(loss)).toBeGreaterThan(0);
  });

  it("does not see the tokens of an unused concept or behind a word's end", () => {
    const { conceptIds, conceptTokenMask } = t.fixture.batch as Record<string, number[]>;
    const other = conceptIds.map((id, i) => (conceptTokenMask[i] === 1 ? id : 5));
    for (const tokens of ["mean", "first", "max"])
      expect(value({ tokens }, { conceptIds: other })).toBeCloseTo(value({ tokens }), 12);
  });

  it("does not see the coverage of an unused concept", () => {
    const { conceptCoverage } = t.fixture.batch as Record<string, number[]>;
    const unusedAt = (1 * K + 1) * N; // Row 1, concept 1 of the fixture has no tokens.
    const other = conceptCoverage.map((c, i) => (i >= unusedAt && i < unusedAt + N ? 1 : c));
    expect(value({}, { conceptCoverage: other })).toBeCloseTo(value({}), 12);
  });

  it("leaves out image tokens that are no patch (coverage -1)", () => {
    const { conceptCoverage } = t.fixture.batch as Record<string, number[]>;
    const batch = t.testBatch({ conceptCoverage: conceptCoverage.map((c, i) => (i % N === 0 ? -1 : c)) });
    const token = (i: number) => Math.floor(i / D) % S;
    const lossAt = (hidden: number[]) =>
      t.numberOf(compute({}, t.context({ batch, taps: t.withLastHidden(t.f64([B, S, D], hidden)) })).loss);
    const other = last.map((h, i) => (token(i) === t.imageStart ? -h : h));
    expect(lossAt(other)).toBeCloseTo(lossAt(last), 12);
    expect(lossAt(last)).not.toBeCloseTo(value({}), 3);
  });

  it("ignores patches between the thresholds", () => {
    const { conceptCoverage } = t.fixture.batch as Record<string, number[]>;
    const other = conceptCoverage.map((c) => (c === 0.2 ? 0.4 : c));
    expect(value({}, { conceptCoverage: other })).toBeCloseTo(value({}), 12);
  });
});

it("does not change with the order of concepts or of images", () => {
  const swapImages = (x: number[]) => [...x.slice(x.length / 2), ...x.slice(0, x.length / 2)];
  const { conceptIds, conceptTokenMask, conceptCoverage } = t.fixture.batch as Record<string, number[]>;
  const batch = t.testBatch({
    conceptIds: swapImages(conceptIds),
    conceptTokenMask: swapImages(conceptTokenMask),
    conceptCoverage: swapImages(conceptCoverage),
  });
  const taps = t.withLastHidden(t.f64([B, S, D], swapImages(last)));
  expect(t.numberOf(compute({}, t.context({ batch, taps })).loss)).toBeCloseTo(value({}), 12);

  const turn = (x: number[], width: number) =>
    Array.from({ length: B * K }, (_, i) => {
      const from = (i - (i % K) + ((i + 1) % K)) * width;
      return x.slice(from, from + width);
    }).flat();
  const turned = {
    conceptIds: turn(conceptIds, C),
    conceptTokenMask: turn(conceptTokenMask, C),
    conceptCoverage: turn(conceptCoverage, N),
  };
  expect(value({}, turned)).toBeCloseTo(value({}), 12);
});

it("sees only image tokens", () => {
  const text = last.map((h, i) => {
    const position = Math.floor(i / D) % S;
    const isImage = position >= t.imageStart && position < t.imageStart + N;
    return isImage ? h : 9;
  });
  expect(t.numberOf(ofHidden({})(t.f64([B, S, D], text)))).toBeCloseTo(value({}), 12);
});

it("stays finite, with a gradient, where a wrong word has all the probability", () => {
  const scaled = {
    ...t.context().head,
    weight: t.f64(
      [V, D],
      t.fixture.weight.map((w: number) => 500 * w),
    ),
  };
  const f = (hidden: NdArray) =>
    compute({}, t.context({ head: scaled, taps: t.withLastHidden(hidden) })).loss;
  expect(Number.isFinite(t.numberOf(f(t.f64([B, S, D], last))))).toBe(true);
  expect(t.gradient(f, [B, S, D], last).every(Number.isFinite)).toBe(true);
});

it("names a layer that does not exist", () => {
  expect(() => compute({ layers: [7] })).toThrowErrorMatchingInlineSnapshot(
    `[UserError: losses: layers must be from -4 to 3, got 7; the decoder has 4]`,
  );
});
