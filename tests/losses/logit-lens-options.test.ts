import { beforeAll, describe, expect, it } from "vitest";
import { type NdArray, np } from "../../src/engine/array.ts";
import { logitLens } from "../../src/losses/logit-lens.ts";
import { combinations } from "./combinations.ts";
import { type LensCase, lensCase, lensReference } from "./lens-reference.ts";
import * as t from "./support.ts";

beforeAll(t.onCpu);

const choices = {
  layers: ["all", "last-half", "last", [0, -1]],
  positiveCoverage: [0.5, 0.9],
  negativeCoverage: [0, 0.3],
  smallRegions: ["best-patch", "none"],
  negatives: ["all", "balanced"],
  tokens: ["mean", "first", "max"],
} as const;
const all = combinations(choices);
/** The options that meet in one term, for what costs more than a value. */
const sample = all.filter(
  ({ layers, positiveCoverage, negativeCoverage }) =>
    layers === "last" && positiveCoverage === 0.5 && negativeCoverage === 0.3,
);

function compute(options: object, { sizes, batch, hidden, weight }: LensCase, last?: NdArray): NdArray {
  const { B, S, D, V, K, C, N } = sizes;
  const states = hidden.map((state) => t.f64([B, S, D], state));
  const hiddenStates = last === undefined ? states : [...states.slice(0, -1), last];
  const context = t.context({
    layout: { images: [{ spans: [{ start: 1, length: N }], pixels: 1 }] },
    batch: {
      ...t.testBatch(),
      conceptIds: t.i32([B, K, C], batch.ids),
      conceptTokenMask: t.f64([B, K, C], batch.mask),
      conceptCoverage: t.f64([B, K, N], batch.coverage),
    },
    taps: { hiddenStates },
    head: { norm: (x) => np.multiply(x, 1.5), weight: t.f64([V, D], weight) },
  });
  return logitLens.compute(context, logitLens.options.parse(options)).loss;
}

it("has a choice here for every option", () => {
  expect(Object.keys(choices).sort()).toEqual(Object.keys(logitLens.options.shape).sort());
});

describe.each([1, 3])("words of up to %i tokens", (tokens) => {
  const given = lensCase(tokens);

  it("give the plain formula's value with every combination of options", () => {
    for (const options of all)
      expect(t.numberOf(compute(options, given)), JSON.stringify(options)).toBeCloseTo(
        lensReference(options, given),
        10,
      );
  });

  it("have the gradient of finite differences", () => {
    const { B, S, D } = given.sizes;
    for (const options of sample) {
      const f = (hidden: NdArray) => compute(options, given, hidden);
      expect(t.gradientError(f, [B, S, D], [...given.hidden.at(-1)!]), JSON.stringify(options)).toBeLessThan(
        1e-7,
      );
    }
  });
});

it("is 0 with a gradient of 0 where no concept is used", () => {
  const given = lensCase(2, { unused: true });
  const { B, S, D } = given.sizes;
  for (const options of sample) {
    expect(t.numberOf(compute(options, given))).toBe(0);
    const f = (hidden: NdArray) => compute(options, given, hidden);
    expect(t.gradient(f, [B, S, D], given.hidden.at(-1)!).every((g) => g === 0)).toBe(true);
  }
});
