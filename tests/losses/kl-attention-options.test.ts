import { beforeAll, describe, expect, it } from "vitest";
import type { NdArray } from "../../src/engine/array.ts";
import { klAttention } from "../../src/losses/kl-attention.ts";
import type { QueryKind } from "../../src/losses/loss.ts";
import { combinations } from "./combinations.ts";
import * as t from "./support.ts";

beforeAll(t.onCpu);

const { B, S, D, V, H, N, Q, A, L } = t;
const choices = {
  layers: ["all", "last-half", "last", [0, -1]],
  direction: ["forward", "reverse"],
  heads: ["mean", "each", "best"],
  query: ["predicting", "last-answer"],
  gate: ["none", "wrong", "unsure", "focal"],
  gateThreshold: [0.02],
  gateGamma: [1.5],
  // Of maps that nobody gave: evidence.test.ts.
  target: ["regions"],
  evidence: ["agreement"],
  refresh: [8],
  passes: [32],
} as const;
const all = combinations(choices);
type Options = (typeof all)[number];

/** Target maps [B, Q, N] under which a question's part is told apart: none, some, all have one. */
const maps: Readonly<Record<string, number[]>> = {
  "the fixture's": t.fixture.batch.attentionTargets,
  "one of every question": Array.from({ length: B * Q * N }, (_, i) => [0.1, 0.4, 0, 0.2, 0.3][(i + 2) % N]),
  none: Array<number>(B * Q * N).fill(0),
};

function compute(
  options: Options,
  attentionTargets: number[],
  rows = t.logAttention(options.query),
): NdArray {
  const context = t.context({
    batch: t.testBatch({ attentionTargets }),
    taps: { ...t.context().taps, imageLogAttentionRows: rows },
  });
  return klAttention.compute(context, klAttention.options.parse(options)).loss;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The loss as docs/losses.md states it, one layer, query and head at a time. */
function reference(options: Options, targets: number[]): number {
  const layers = { all: [0, 1, 2, 3], "last-half": [2, 3], last: [3] };
  const chosen = typeof options.layers === "string" ? layers[options.layers] : [0, 3];
  const rows = t.fixture.logAttention[options.query] as number[][];
  const R = rowsOf(options.query);
  const perLayer = chosen.map((layer) => {
    const terms = Array.from({ length: B * R }, (_, i) => [Math.floor(i / R), i % R]).flatMap(([b, r]) => {
      const question = options.query === "predicting" ? t.fixture.batch.answerQuestions[b * A + r] : r;
      const target = targets.slice((b * Q + question) * N, (b * Q + question + 1) * N);
      if (question < 0 || !target.some((p) => p > 0)) return [];
      const heads = Array.from({ length: H }, (_, h) => {
        const start = ((b * H + h) * R + r) * N;
        return rows[layer].slice(start, start + N).map(Math.exp);
      });
      return [gateOf(options, b, question) * overHeads(options, target, heads)];
    });
    return terms.length === 0 ? 0 : mean(terms);
  });
  return mean(perLayer);
}

/** An answer's weight, token by token. */
function gateOf({ gate, gateThreshold, gateGamma }: Options, b: number, question: number): number {
  const { answerQuestions, answerPositions, answerIds } = t.fixture.batch as Record<string, number[]>;
  const own = Array.from({ length: A }, (_, a) => b * A + a).filter((at) => answerQuestions[at] === question);
  const tokens = own.map((at) => ({ id: answerIds[at], said: distribution(b, answerPositions[at]) }));
  const p = tokens.reduce((product, { id, said }) => product * said[id], 1);
  const isRight = tokens.every(({ id, said }) => said[id] === Math.max(...said));
  const weights = { none: 1, wrong: isRight ? 0 : 1, unsure: p < gateThreshold ? 1 : 0 };
  return { ...weights, focal: (1 - p) ** gateGamma }[gate];
}

/** What the model says after a position: [V]. */
function distribution(b: number, position: number): number[] {
  const { gain, weight, hidden } = t.fixture as { gain: number[]; weight: number[]; hidden: number[][] };
  const start = (b * S + position) * D;
  const x = hidden.at(-1)!.slice(start, start + D);
  const root = Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / D + 1e-5);
  const logit = (v: number) =>
    x.reduce((sum, value, d) => sum + (value / root) * gain[d] * weight[v * D + d], 0);
  const exp = Array.from({ length: V }, (_, v) => Math.exp(logit(v)));
  const sum = exp.reduce((total, value) => total + value, 0);
  return exp.map((value) => value / sum);
}

const rowsOf = (query: QueryKind) => (query === "predicting" ? A : Q);

function overHeads({ heads: rule, direction }: Options, target: number[], heads: number[][]): number {
  const average = heads[0].map((_, n) => mean(heads.map((head) => head[n])));
  const each = heads.map((head) => divergence[direction](target, head));
  return { mean: divergence[direction](target, average), each: mean(each), best: Math.min(...each) }[rule];
}

const kl = (p: number[], q: number[]) =>
  p.reduce((sum, share, n) => (share > 0 ? sum + share * Math.log(share / q[n]) : sum), 0);
const divergence = {
  forward: kl,
  reverse: (p: number[], q: number[]) =>
    kl(
      q,
      p.map((share) => 0.99 * share + 0.01 / N),
    ),
};

it("has a choice here for every option, and as many layers as the reference", () => {
  expect(Object.keys(choices).sort()).toEqual(Object.keys(klAttention.options.shape).sort());
  expect(L).toBe(4);
});

describe.each(Object.keys(maps))("with target maps: %s", (name) => {
  const targets = maps[name];

  it.each(all)(
    "$direction, heads $heads, query $query, layers $layers, gate $gate: the plain formula's value",
    (options) => {
      expect(t.numberOf(compute(options, targets))).toBeCloseTo(reference(options, targets), 10);
    },
  );

  it.each(all.filter(({ layers }) => layers === "last"))(
    "$direction, heads $heads, query $query, gate $gate: the gradient of finite differences",
    (options) => {
      const shape = [B, H, rowsOf(options.query), N];
      const rows = (t.fixture.logAttention[options.query] as number[][]).at(-1)!;
      const f = (last: NdArray) => compute(options, targets, [last]);
      expect(t.gradientError(f, shape, rows)).toBeLessThan(1e-8);
    },
  );
});
