import { beforeAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { klAttention } from "../../src/losses/kl-attention.ts";
import * as t from "./support.ts";

beforeAll(t.onCpu);

const { B, H, N, Q, A } = t;
const lastRows = t.fixture.logAttention["last-answer"].at(-1) as number[];

function compute(options: object, changes: t.Changes = {}, rows?: NdArray[]) {
  const checked = klAttention.options.parse(options);
  const imageLogAttentionRows = rows ?? t.logAttention(checked.query);
  const taps = { ...t.context().taps, imageLogAttentionRows };
  return klAttention.compute(t.context({ batch: t.testBatch(changes), taps }), checked);
}
const value = (options: object, changes: t.Changes = {}) => t.numberOf(compute(options, changes).loss);
const ofRows =
  (options: object, changes: t.Changes = {}) =>
  (rows: NdArray) =>
    compute({ layers: "last", ...options }, changes, [rows]).loss;

it.each(t.fixture.klal as { options: object; value: number }[])(
  "is PyTorch's value with $options",
  ({ options, value: expected }) => {
    expect(value(options)).toBeCloseTo(expected, 12);
  },
);

describe("values that a hand computes", () => {
  const uniform = () => t.f64([B, H, Q, N], new Float64Array(B * H * Q * N).fill(-Math.log(N)));
  const flat = new Array(B * Q * N).fill(1 / N);
  const oneHot = flat.map((_, i) => (i % N === 2 ? 1 : 0));

  it("is 0 where attention is the target", () => {
    for (const heads of ["mean", "each", "best"])
      expect(t.numberOf(ofRows({ heads }, { attentionTargets: flat })(uniform()))).toBeCloseTo(0, 12);
  });

  it("is log N from even attention to a target of one patch", () => {
    const loss = ofRows({}, { attentionTargets: oneHot })(uniform());
    expect(t.numberOf(loss)).toBeCloseTo(Math.log(N), 12);
  });
});

it.each([{}, { heads: "each" }, { heads: "best" }, { direction: "reverse" }])(
  "has the gradient of finite differences with %o",
  (options) => {
    expect(t.gradientError(ofRows(options), [B, H, Q, N], lastRows)).toBeLessThan(1e-8);
  },
);

describe("a layer with a window", () => {
  const MASKED = -1e9;
  /** Even attention over the first tokens, of which `reach` are seen by a query. */
  const rowsOf = (reach: (b: number, q: number) => number) => {
    const row = (seen: number) => Array.from({ length: N }, (_, n) => (n < seen ? -Math.log(seen) : MASKED));
    const values = Array.from({ length: B * H * Q }, (_, i) => row(reach(Math.floor(i / (H * Q)), i % Q)));
    return t.f64([B, H, Q, N], values.flat());
  };
  const targets = new Array(B * Q).fill([0.25, 0.25, ...new Array(N - 3).fill(0), 0.5]).flat();
  const loss = (rows: NdArray, options: object = {}, windows: (number | null)[] = [4]) => {
    const taps = { ...t.context().taps, imageLogAttentionRows: [rows] };
    const context = t.context({ batch: t.testBatch({ attentionTargets: targets }), taps, windows });
    return klAttention.compute(context, klAttention.options.parse({ layers: "last", ...options })).loss;
  };

  it("is held to the evidence that its window reaches", () => {
    // Half of the target is out of reach; of the rest, two tokens hold it and four are seen.
    expect(t.numberOf(loss(rowsOf(() => 4)))).toBeCloseTo(Math.log(2), 12);
  });

  it.each([{}, { heads: "each" }, { heads: "best" }, { direction: "reverse" }])(
    "does not count a query that reaches none, with %o",
    (options) => {
      const some = rowsOf((_, q) => (q === 0 ? 4 : 0));
      expect(t.numberOf(loss(some, options))).toBeCloseTo(
        t.numberOf(
          loss(
            rowsOf(() => 4),
            options,
          ),
        ),
        12,
      );
      expect(
        t.numberOf(
          loss(
            rowsOf(() => 0),
            options,
          ),
        ),
      ).toBe(0);
      const gradient = t.gradient((rows) => loss(rows, options), [B, H, Q, N], t.listOf(some));
      expect(gradient.every(Number.isFinite)).toBe(true);
    },
  );
});

describe("masks", () => {
  const none = new Array(B * Q * N).fill(0);

  it.each([{}, { heads: "each" }, { heads: "best" }, { direction: "reverse" }])(
    "gives 0 with a gradient of 0 where no question has a region, with %o",
    (options) => {
      expect(value(options, { attentionTargets: none })).toBe(0);
      const gradient = t.gradient(ofRows(options, { attentionTargets: none }), [B, H, Q, N], lastRows);
      expect(gradient.every((g) => g === 0)).toBe(true);
    },
  );

  it("neither adds nor counts a question without a region", () => {
    const rows = t.logAttention("last-answer").map((row) => t.listOf(row));
    // Questions 1 have no region in the fixture: other attention there changes nothing.
    const other = rows.map((row) =>
      t.f64(
        [B, H, Q, N],
        row.map((x, i) => (Math.floor(i / N) % Q === 1 ? x - 3 : x)),
      ),
    );
    expect(t.numberOf(compute({}, {}, other).loss)).toBeCloseTo(value({}), 12);
  });

  it("leaves out the positions that predict an answer's end", () => {
    const { answerQuestions } = t.fixture.batch as Record<string, number[]>;
    const rows = t.fixture.logAttention.predicting as number[][];
    const changed = rows.map((row) =>
      t.f64(
        [B, H, A, N],
        row.map((x, i) => {
          const b = Math.floor(i / (N * A * H));
          return answerQuestions[b * A + (Math.floor(i / N) % A)] < 0 ? x - 3 : x;
        }),
      ),
    );
    const loss = compute({ query: "predicting" }, {}, changed).loss;
    expect(t.numberOf(loss)).toBeCloseTo(value({ query: "predicting" }), 12);
  });

  it("stays finite where attention is far from the target", () => {
    const far = t.f64(
      [B, H, Q, N],
      lastRows.map((x, i) => (i % N === 0 ? x - 1e4 : x)),
    );
    expect(Number.isFinite(t.numberOf(ofRows({})(far)))).toBe(true);
    expect(
      t
        .gradient(
          ofRows({}),
          [B, H, Q, N],
          lastRows.map((x) => 1e4 * x),
        )
        .every(Number.isFinite),
    ).toBe(true);
  });
});

it("does not change with the order of heads or of images", () => {
  const swap = (x: number[], block: number) =>
    Array.from({ length: x.length }, (_, i) => {
      const at = Math.floor(i / block);
      return x[(at % 2 === 0 ? at + 1 : at - 1) * block + (i % block)];
    });
  const heads = t.f64([B, H, Q, N], swap(lastRows, Q * N));
  expect(t.numberOf(ofRows({})(heads))).toBeCloseTo(value({ layers: "last" }), 12);
  const targets = t.fixture.batch.attentionTargets as number[];
  const images = t.f64([B, H, Q, N], swap(lastRows, H * Q * N));
  const swapped = ofRows({}, { attentionTargets: swap(targets, Q * N) })(images);
  expect(t.numberOf(swapped)).toBeCloseTo(value({ layers: "last" }), 12);
});
