import { randomInt } from "node:crypto";
import { random } from "../common/random.ts";

export interface Sampling {
  /** 0: the most probable token always. */
  readonly temperature: number;
  /** Draws from the fewest most probable tokens whose probability is at least this (nucleus sampling). */
  readonly topP: number;
  /** The same seed draws the same tokens. */
  readonly seed?: number;
}

/** A choice of the next token from logits [V]; undefined for the most probable. */
export function sampler({ temperature, topP, seed = randomInt(2 ** 47) }: Sampling) {
  if (temperature === 0 || topP === 0) return undefined;
  const source = random("sampling", seed);
  return (logits: Float32Array): number => draw(softmax(logits, temperature), topP, source.uniform());
}

/** Probabilities of logits / temperature, the largest logit subtracted first. */
function softmax(logits: Float32Array, temperature: number): Float64Array {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - largest) / temperature));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / total);
}

/** The token at quantile `u` in [0, 1) of the nucleus (Holtzman et al., arXiv 1904.09751). */
function draw(probabilities: Float64Array, topP: number, u: number): number {
  const tokens = [...probabilities.keys()];
  if (topP < 1) tokens.sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  let size = 0;
  let mass = 0;
  while (size < tokens.length && (size === 0 || topP === 1 || mass < topP))
    mass += probabilities[tokens[size++]];
  let left = u * mass;
  for (const token of tokens.slice(0, size)) {
    left -= probabilities[token];
    if (left < 0) return token;
  }
  return tokens[size - 1];
}
