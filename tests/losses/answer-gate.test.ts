import { beforeAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { klAttention } from "../../src/losses/kl-attention.ts";
import { lossesSchema } from "../../src/losses/registry.ts";
import { chosenLosses, totalLoss, totalNeeds } from "../../src/losses/total.ts";
import { likeliestIds } from "../../src/losses/vocabulary.ts";
import * as t from "./support.ts";

beforeAll(t.onCpu);

const { B, S, D, V, H, N, Q, A } = t;

interface Gated {
  readonly answers: string;
  readonly answerIds: number[];
  readonly options: { readonly query: "predicting" | "last-answer"; readonly gate: string };
  readonly value: number;
  readonly gradients: [number[]];
  readonly supervised: number;
}
const cases = t.fixture.gated as Gated[];
const rowsOf = (query: string) => (query === "predicting" ? A : Q);
const lastRows = (query: "predicting" | "last-answer") => t.fixture.logAttention[query].at(-1) as number[];

interface Parts {
  readonly rows: NdArray;
  readonly hidden?: NdArray;
  readonly weight?: NdArray;
}

function compute(options: object, answerIds: number[], { rows, hidden, weight }: Parts) {
  const { head, taps } = t.context();
  const states = hidden === undefined ? taps : t.withLastHidden(hidden);
  const context = t.context({
    batch: t.testBatch({ answerIds }),
    taps: { ...states, imageLogAttentionRows: [rows] },
    head: { ...head, ...(weight && { weight }) },
  });
  return klAttention.compute(context, klAttention.options.parse(options));
}

it("has cases in which a part of the answers is let through, with every gate", () => {
  for (const gate of ["wrong", "unsure", "focal"])
    for (const query of ["predicting", "last-answer"])
      expect(
        cases.some(
          ({ options, supervised }) =>
            options.gate === gate && options.query === query && supervised > 0 && supervised < 1,
        ),
      ).toBe(true);
});

describe.each(cases)("$answers, $options", ({ answerIds, options, value, gradients, supervised }) => {
  const shape = [B, H, rowsOf(options.query), N];
  const at = lastRows(options.query);
  const f = (rows: NdArray) => compute(options, answerIds, { rows }).loss;

  it("has PyTorch's value, share and gradient, and that of finite differences", () => {
    const { loss, parts } = compute(options, answerIds, { rows: t.f64(shape, at) });
    expect(t.numberOf(loss)).toBeCloseTo(value, 12);
    expect(parts?.supervised && t.numberOf(parts.supervised)).toEqual(
      options.gate === "none" ? undefined : expect.closeTo(supervised, 12),
    );
    t.gradient(f, shape, at).forEach((g, i) => {
      expect(g).toBeCloseTo(gradients[0][i], 12);
    });
    expect(t.gradientError(f, shape, at)).toBeLessThan(1e-8);
  });

  it("has no gradient in what the answers' probabilities come from", () => {
    const rows = () => t.f64(shape, at);
    const ofHidden = (hidden: NdArray) => compute(options, answerIds, { rows: rows(), hidden }).loss;
    const ofWeight = (weight: NdArray) => compute(options, answerIds, { rows: rows(), weight }).loss;
    const hidden = t.fixture.hidden.at(-1) as number[];
    expect(t.gradient(ofHidden, [B, S, D], hidden).every((g) => g === 0)).toBe(true);
    expect(t.gradient(ofWeight, [V, D], t.fixture.weight).every((g) => g === 0)).toBe(true);
  });
});

describe("a model that is sure of what it says", () => {
  const weight = () =>
    t.f64(
      [V, D],
      t.fixture.weight.map((w: number) => 1000 * w),
    );
  const { head } = t.context();
  const said = () => {
    const { answerPositions } = t.fixture.batch as Record<string, number[]>;
    const states = answerPositions.flatMap((position, i) => {
      const start = (Math.floor(i / A) * S + position) * D;
      return (t.fixture.hidden.at(-1) as number[]).slice(start, start + D);
    });
    return t.listOf(likeliestIds(head.norm(t.f64([B, A, D], states)), { weight: weight() }));
  };
  const gates = ["wrong", "unsure", "focal"];
  const queries = ["predicting", "last-answer"] as const;

  it.each(gates)("is given no gradient of attention where it is right: %s", (gate) => {
    for (const query of queries) {
      const shape = [B, H, rowsOf(query), N];
      const f = (rows: NdArray) =>
        compute({ layers: "last", query, gate }, said(), { rows, weight: weight() }).loss;
      expect(t.numberOf(f(t.f64(shape, lastRows(query))))).toBe(0);
      expect(t.gradient(f, shape, lastRows(query)).every((g) => g === 0)).toBe(true);
    }
  });

  it.each(gates)("is given all of it where it is wrong: %s", (gate) => {
    const wrong = said().map((id) => (id + 1) % V);
    for (const query of queries) {
      const shape = [B, H, rowsOf(query), N];
      const f = (gateOf: string) => (rows: NdArray) =>
        compute({ layers: "last", query, gate: gateOf }, wrong, { rows, weight: weight() }).loss;
      expect(t.numberOf(f(gate)(t.f64(shape, lastRows(query))))).toBeGreaterThan(0);
      expect(t.gradient(f(gate), shape, lastRows(query))).toEqual(
        t.gradient(f("none"), shape, lastRows(query)),
      );
    }
  });
});

it("asks for hidden states and reports its share only where there is a gate", () => {
  const of = (gate: string) => chosenLosses(lossesSchema.parse({ ntp: { weight: 0 }, klal: { gate } }));
  expect(totalNeeds(of("none")).taps).toEqual(["imageLogAttentionRows"]);
  expect(totalNeeds(of("wrong")).taps).toEqual(["imageLogAttentionRows", "hiddenStates"]);
  expect(Object.keys(totalLoss(of("none"), t.context()).parts)).toEqual(["klal", "klal.last"]);
  expect(Object.keys(totalLoss(of("wrong"), t.context()).parts)).toContain("klal.supervised");
});
