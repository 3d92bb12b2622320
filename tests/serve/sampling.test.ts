import { expect, it } from "vitest";
import { sampler } from "../../src/serve/sampling.ts";

const draws = 20_000;

/** What changes nothing. */
const plain = {
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: [],
} as const;

/** How often each of the tokens is drawn. */
function shares(logits: readonly number[], temperature: number, topP: number, more = {}): number[] {
  const choose = sampler({ ...plain, temperature, topP, seed: 1, ...more });
  const counts = logits.map(() => 0);
  for (let i = 0; i < draws; i++) counts[choose?.(Float32Array.from(logits)) ?? -1]++;
  return counts.map((count) => count / draws);
}

/** Within four standard errors of the share that is expected. */
function expectShares(found: readonly number[], wanted: readonly number[]): void {
  for (const [token, share] of wanted.entries()) {
    const error = Math.sqrt((share * (1 - share)) / draws);
    expect(Math.abs(found[token] - share)).toBeLessThanOrEqual(4 * error);
  }
}

// Logits of probabilities 0.1, 0.6, 0.3.
const logits = [0.1, 0.6, 0.3].map(Math.log);

it("draws tokens as often as their softmax says", () => {
  expectShares(shares(logits, 1, 1), [0.1, 0.6, 0.3]);
  // p^(1/T), normalised: 0.01, 0.36, 0.09 over 0.46.
  expectShares(shares(logits, 0.5, 1), [0.01 / 0.46, 0.36 / 0.46, 0.09 / 0.46]);
});

it("leaves the tokens outside of the nucleus out", () => {
  expectShares(shares(logits, 1, 0.85), [0, 2 / 3, 1 / 3]);
  expectShares(shares(logits, 1, 0.5), [0, 1, 0]);
});

it("takes the most probable at temperature 0, and next to it", () => {
  expect(sampler({ ...plain, temperature: 0 })).toBeUndefined();
  expect(sampler({ ...plain, topP: 0 })).toBeUndefined();
  expect(shares([-1e30, 5, 4.999], 1e-6, 1)).toEqual([0, 1, 0]);
});

it("draws the same with the same seed only", () => {
  const flat = new Float32Array(1000);
  const one = (seed: number) => sampler({ ...plain, seed })?.(flat);
  expect(one(3)).toBe(one(3));
  expect(new Set(Array.from({ length: 20 }, (_, seed) => one(seed))).size).toBeGreaterThan(10);
});

it("draws from the most probable tokens, and from those that are probable enough beside the first", () => {
  expectShares(shares(logits, 1, 1, { topK: 2 }), [0, 2 / 3, 1 / 3]);
  expectShares(shares(logits, 1, 1, { topK: 50 }), [0.1, 0.6, 0.3]);
  expect(sampler({ ...plain, topK: 1 })).toBeUndefined();
  expectShares(shares(logits, 1, 1, { minP: 0.4 }), [0, 2 / 3, 1 / 3]); // 0.4 x 0.6 = 0.24.
  expectShares(shares(logits, 1, 1, { minP: 0.6 }), [0, 1, 0]);
  // The nucleus is one of those that are left: 2/3 of them is enough.
  expectShares(shares(logits, 1, 0.6, { topK: 2 }), [0, 1, 0]);
});

it("takes penalties from tokens that were said, each time or once, and adds a bias", () => {
  const said = (sampling: object, count = 6) => {
    const choose = sampler({ ...plain, temperature: 0, ...sampling });
    return Array.from({ length: count }, () => choose?.(Float32Array.from([1, 0.5, 0])));
  };
  expect(said({ presencePenalty: 0.6 })).toEqual([0, 1, 0, 0, 0, 0]);
  expect(said({ frequencyPenalty: 0.6 })).toEqual([0, 1, 0, 2, 1, 0]);
  expect(said({ logitBias: [[2, 5]] }, 2)).toEqual([2, 2]);
  expect(said({ logitBias: [[99, 5]] }, 1)).toEqual([0]);
});

it("draws each answer of one request by a seed of its own, the first as a single one", () => {
  const flat = new Float32Array(1000);
  const one = (answer?: number) => sampler({ ...plain, seed: 3 }, answer)?.(flat);
  expect(one(0)).toBe(one());
  expect(new Set(Array.from({ length: 10 }, (_, answer) => one(answer))).size).toBeGreaterThan(8);
  expect(one(4)).toBe(one(4));
});
