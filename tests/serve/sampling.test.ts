import { expect, it } from "vitest";
import { sampler } from "../../src/serve/sampling.ts";

const draws = 20_000;

/** How often each of the tokens is drawn. */
function shares(logits: readonly number[], temperature: number, topP: number): number[] {
  const choose = sampler({ temperature, topP, seed: 1 });
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
  expect(sampler({ temperature: 0, topP: 1 })).toBeUndefined();
  expect(sampler({ temperature: 1, topP: 0 })).toBeUndefined();
  expect(shares([-1e30, 5, 4.999], 1e-6, 1)).toEqual([0, 1, 0]);
});

it("draws the same with the same seed only", () => {
  const flat = new Float32Array(1000);
  const one = (seed: number) => sampler({ temperature: 1, topP: 1, seed })?.(flat);
  expect(one(3)).toBe(one(3));
  expect(new Set(Array.from({ length: 20 }, (_, seed) => one(seed))).size).toBeGreaterThan(10);
});
