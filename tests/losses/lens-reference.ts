import { random } from "../../src/common/random.ts";

/** A small random case of the logit lens loss: arrays as flat lists, row major. */
export interface LensCase {
  readonly sizes: Readonly<Record<"B" | "S" | "D" | "V" | "K" | "C" | "N" | "L", number>>;
  /** L + 1 states [B, S, D]; image tokens stand in columns 1 to N. */
  readonly hidden: readonly (readonly number[])[];
  /** [V, D] */
  readonly weight: readonly number[];
  readonly batch: { readonly ids: number[]; readonly mask: number[]; readonly coverage: number[] };
}

/** What the rows of `conceptCoverage` can look like: 6 image tokens, -1 where one is no patch. */
const coverages = [
  [1, 0.6, 0.2, 0, 0, 0],
  [0, 0, 0, 0, 0, 0],
  [0, 0.3, 0.1, 0, 0.05, 0],
  [1, 1, 1, 1, 1, 1],
  [-1, 0.95, 0.5, 0.4, 0, 0],
  [-1, 0, 0, 0, 0.6, 0.6],
  [1, 1, 1, 0.9, 0.55, 0],
  [-1, -1, -1, -1, -1, -1],
];

/** Words of 1 to C tokens and unused ones, over every kind of coverage. */
export function lensCase(C: number, { unused = false } = {}): LensCase {
  const [B, D, V, K, N, L] = [2, 3, 7, 4, 6, 2];
  const S = N + 3;
  const source = random("lens case", C);
  const normal = (count: number) => Array.from({ length: count }, () => source.normal());
  const lengths = Array.from({ length: B * K }, (_, i) => (unused || i === 3 ? 0 : C - (i % C)));
  return {
    sizes: { B, S, D, V, K, C, N, L },
    hidden: Array.from({ length: L + 1 }, () => normal(B * S * D)),
    weight: normal(V * D),
    batch: {
      ids: lengths.flatMap(() => Array.from({ length: C }, () => source.integer(V))),
      mask: lengths.flatMap((length) => Array.from({ length: C }, (_, c) => (c < length ? 1 : 0))),
      coverage: coverages.flat(),
    },
  };
}

export interface LensOptions {
  readonly layers: "all" | "last-half" | "last" | readonly number[];
  readonly positiveCoverage: number;
  readonly negativeCoverage: number;
  readonly smallRegions: "best-patch" | "none";
  readonly negatives: "all" | "balanced";
  readonly tokens: "mean" | "first" | "max";
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The loss as docs/losses.md states it, one concept and patch at a time; the norm is a factor of 1.5. */
export function lensReference(options: LensOptions, given: LensCase): number {
  return mean(layersOf(options.layers, given.sizes.L).map((layer) => layerMean(options, given, layer + 1)));
}

function layersOf(layers: LensOptions["layers"], count: number): number[] {
  const every = Array.from({ length: count }, (_, i) => i);
  if (layers === "all") return every;
  if (layers === "last") return every.slice(-1);
  if (layers === "last-half") return every.slice(count / 2);
  return layers.map((layer) => (layer < 0 ? count + layer : layer));
}

function layerMean(options: LensOptions, given: LensCase, state: number): number {
  const { B, K, C } = given.sizes;
  const terms: number[] = [];
  for (let concept = 0; concept < B * K; concept++) {
    const tokens = Array.from({ length: C }, (_, c) => concept * C + c)
      .filter((i) => given.batch.mask[i] === 1)
      .map((i) => given.batch.ids[i]);
    if (tokens.length > 0) terms.push(conceptTerm(options, given, state, concept, tokens));
  }
  return terms.length === 0 ? 0 : mean(terms);
}

function conceptTerm(
  options: LensOptions,
  given: LensCase,
  state: number,
  concept: number,
  tokens: number[],
) {
  const { K, N } = given.sizes;
  const image = Math.floor(concept / K);
  const coverage = given.batch.coverage.slice(concept * N, (concept + 1) * N);
  const patches = [...coverage.keys()];
  /** The log-probabilities that count at each patch. */
  const counted = patches.map((patch) => {
    const all = tokens.map((token) => logProbability(given, state, image, patch, token));
    return { mean: all, first: all.slice(0, 1), max: [Math.max(...all)] }[options.tokens];
  });
  const limit =
    options.smallRegions === "none"
      ? options.positiveCoverage
      : Math.min(options.positiveCoverage, Math.max(...coverage));
  const positive = patches.filter((s) => coverage[s] > 0 && coverage[s] >= limit);
  const low = patches.filter(
    (s) => coverage[s] >= 0 && coverage[s] <= options.negativeCoverage && !positive.includes(s),
  );
  const ranked = low.toSorted((a, b) => mean(counted[b]) - mean(counted[a]));
  const balanced = options.negatives === "balanced" && positive.length > 0;
  const negative = balanced ? ranked.slice(0, positive.length) : low;
  const term = (some: readonly number[], value: (x: number) => number) =>
    some.length === 0 ? 0 : mean(some.map((s) => mean(counted[s].map(value))));
  return term(positive, (x) => -x) + term(negative, (x) => -Math.log(1 - Math.exp(x)));
}

function logProbability(given: LensCase, state: number, image: number, patch: number, token: number): number {
  const { S, D, V } = given.sizes;
  const start = (image * S + 1 + patch) * D;
  const h = given.hidden[state].slice(start, start + D).map((x) => 1.5 * x);
  const logits = Array.from({ length: V }, (_, v) =>
    h.reduce((sum, x, d) => sum + x * given.weight[v * D + d], 0),
  );
  return logits[token] - Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0));
}
