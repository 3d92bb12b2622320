import { beforeAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { np } from "../../src/engine/array.ts";
import { agreementMaps } from "../../src/losses/evidence.ts";
import { klAttention } from "../../src/losses/kl-attention.ts";
import { lossesSchema } from "../../src/losses/registry.ts";
import { chosenLosses, totalNeeds } from "../../src/losses/total.ts";
import * as t from "./support.ts";

beforeAll(t.onCpu);

const { B, S, D, H, N, Q, A, L } = t;

interface Learnt {
  readonly options: { readonly query: "predicting" | "last-answer" };
  readonly value: number;
  readonly gradients: number[][];
}

const contextOf = (rows: readonly NdArray[], hidden?: NdArray) =>
  t.context({
    taps: { ...(hidden ? t.withLastHidden(hidden) : t.context().taps), imageLogAttentionRows: rows },
  });
const lossOf = (options: object, rows: readonly NdArray[], hidden?: NdArray) =>
  klAttention.compute(contextOf(rows, hidden), klAttention.options.parse(options)).loss;

describe.each(t.fixture.learnt as Learnt[])("agreement, $options", ({ options, value, gradients }) => {
  const R = options.query === "predicting" ? A : Q;
  const rows = () => t.logAttention(options.query);

  it("has PyTorch's value, and its gradient in every layer's attention", () => {
    expect(t.numberOf(lossOf(options, rows()))).toBeCloseTo(value, 12);
    for (let layer = 0; layer < L; layer++) {
      const f = (x: NdArray) =>
        lossOf(
          options,
          rows().map((row, l) => (l === layer ? x : row)),
        );
      const at = t.fixture.logAttention[options.query][layer] as number[];
      t.gradient(f, [B, H, R, N], at).forEach((g, i) => {
        expect(g).toBeCloseTo(gradients[layer][i], 12);
      });
    }
  });

  it("holds its maps constant: no gradient in the lens, and finite differences are those of fixed maps", () => {
    const hidden = t.fixture.hidden.at(-1) as number[];
    const ofHidden = (x: NdArray) => lossOf(options, rows(), x);
    expect(t.gradient(ofHidden, [B, S, D], hidden).every((g) => g === 0)).toBe(true);
    const maps = t.listOf(agreementMaps(contextOf(rows()), options.query));
    const fixed = (x: NdArray) => {
      const batch = t.testBatch({ attentionTargets: maps });
      const context = t.context({ batch, taps: { imageLogAttentionRows: [...rows().slice(0, -1), x] } });
      return klAttention.compute(context, klAttention.options.parse({ query: options.query })).loss;
    };
    const at = t.fixture.logAttention[options.query].at(-1) as number[];
    expect(t.gradientError(fixed, [B, H, R, N], at)).toBeLessThan(1e-8);
    const own = (x: NdArray) => lossOf(options, [...rows().slice(0, -1), x]);
    const [found, held] = [own, fixed].map((f) => t.gradient(f, [B, H, R, N], at));
    found.forEach((g, i) => {
      expect(g).toBeCloseTo(held[i], 12);
    });
  });

  it("gives maps of sum 1, and none to a question that has no answer", () => {
    const sums = t.listOf(np.sum(agreementMaps(contextOf(rows()), options.query), -1));
    [1, 0, 1, 0].forEach((sum, i) => {
      expect(sums[i]).toBeCloseTo(sum, 12);
    });
  });
});

describe("knock-out", () => {
  const learntTargets = Array.from({ length: B * Q * N }, (_, i) => (i % N === i % Q ? 1 : 0));
  const options = klAttention.options.parse({ target: "learnt", evidence: "knock-out" });

  it("takes the maps that a step found for those of regions", () => {
    const batch = { ...t.testBatch(), learntTargets: t.f64([B, Q, N], learntTargets) };
    const found = klAttention.compute(t.context({ batch }), options).loss;
    const given = t.context({ batch: t.testBatch({ attentionTargets: learntTargets }) });
    const expected = klAttention.compute(given, klAttention.options.parse({})).loss;
    expect(t.numberOf(found)).toBe(t.numberOf(expected));
  });

  it("asks for a search and for answers, not for regions", () => {
    expect(klAttention.needs(options)).toEqual({
      taps: ["imageLogAttentionRows"],
      lastRows: ["answers"],
      queries: "last-answer",
      learnsFrom: "answers",
      evidence: { refresh: 8, passes: 32 },
    });
    const agreement = chosenLosses(lossesSchema.parse({ klal: { target: "learnt" } }));
    expect(agreement.map(({ needs }) => needs.evidence)).toEqual([undefined, undefined]);
    expect(totalNeeds(agreement)).toMatchObject({ lastRows: ["answers", "images"] });
    expect(totalNeeds(agreement).taps).toContain("hiddenStates");
  });

  it("refuses an odd number of passes", () => {
    expect(lossesSchema.safeParse({ klal: { passes: 31 } }).success).toBe(false);
  });
});
