/** The next token from a model's logits, as a request asks for it. */
import { randomInt } from "node:crypto";
import { random } from "../common/random.ts";
import type { Sampling } from "./requests/request.ts";

/** A choice of the next token from logits [V], which the repetition penalty has changed already. */
export type Choose = (logits: Float32Array) => number;

/**
 * A choice for one answer; undefined for the most probable token. Answer 0 draws what a request for a single answer
 * draws; the seeds of the others are made of its seed and their number.
 */
export function sampler(sampling: Sampling, answer = 0): Choose | undefined {
  const { temperature, topP, topK, seed = randomInt(2 ** 47) } = sampling;
  const adjust = adjuster(sampling);
  const isGreedy = temperature === 0 || topP === 0 || topK === 1;
  if (isGreedy) return adjust && ((logits) => adjust.said(mostProbable(adjust.logits(logits))));
  const source = answer === 0 ? random("sampling", seed) : random("sampling", seed, answer);
  return (logits) => {
    const changed = adjust === undefined ? logits : adjust.logits(logits);
    const token = draw(softmax(changed, temperature), sampling, source.uniform());
    return adjust === undefined ? token : adjust.said(token);
  };
}

/**
 * Presence and frequency penalties (platform.openai.com/docs/api-reference): `logit - presence - frequency x count` for tokens
 * that the answer has, and the request's own bias; undefined where they change nothing.
 */
function adjuster({ presencePenalty, frequencyPenalty, logitBias }: Sampling) {
  if (presencePenalty === 0 && frequencyPenalty === 0 && logitBias.length === 0) return undefined;
  const counts = new Map<number, number>();
  return {
    logits(logits: Float32Array): Float32Array {
      const changed = logits.slice();
      for (const [id, bias] of logitBias) if (id < changed.length) changed[id] += bias;
      for (const [id, count] of counts) changed[id] -= presencePenalty + frequencyPenalty * count;
      return changed;
    },
    said(token: number): number {
      counts.set(token, (counts.get(token) ?? 0) + 1);
      return token;
    },
  };
}

/** The first of the largest logits. */
export function mostProbable(logits: Float32Array): number {
  let token = 0;
  for (let v = 1; v < logits.length; v++) if (logits[v] > logits[token]) token = v;
  return token;
}

/** Probabilities of logits / temperature, the largest logit subtracted first. */
function softmax(logits: Float32Array, temperature: number): Float64Array {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - largest) / temperature));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / total);
}

/**
 * The token at quantile `u` in [0, 1) of those that are left: first the ones that are probable enough beside the most
 * probable (arXiv 2407.01082), of these the `topK` most probable, of these the nucleus (arXiv 1904.09751).
 */
function draw(probabilities: Float64Array, { topP, topK, minP }: Sampling, u: number): number {
  const tokens = [...probabilities.keys()];
  if (topP < 1 || topK > 0 || minP > 0) tokens.sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  const most = topK === 0 ? tokens.length : Math.min(topK, tokens.length);
  const least = minP * probabilities[tokens[0]];
  const left =
    minP > 0 || topK > 0 ? tokens.slice(0, most).filter((id) => probabilities[id] >= least) : tokens;
  const all = left === tokens ? 1 : left.reduce((sum, id) => sum + probabilities[id], 0);
  let size = 0;
  let mass = 0;
  while (size < left.length && (size === 0 || topP === 1 || mass < topP * all))
    mass += probabilities[left[size++]];
  let rest = u * mass;
  for (const token of left.slice(0, size)) {
    rest -= probabilities[token];
    if (rest < 0) return token;
  }
  return left[size - 1];
}
