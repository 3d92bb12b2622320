/** Chances of 0, 1, 2, ... successes in independent trials of their own chances each (Poisson binomial), exactly. */
export function successes(chances: readonly number[]): Float64Array {
  const result = new Float64Array(chances.length + 1);
  result[0] = 1;
  chances.forEach((chance, trials) => {
    for (let k = trials + 1; k > 0; k--) result[k] = result[k] * (1 - chance) + result[k - 1] * chance;
    result[0] *= 1 - chance;
  });
  return result;
}

/** Chance of at least so many successes. */
export function atLeast(spread: Float64Array, count: number): number {
  return spread.slice(count).reduce((sum, chance) => sum + chance, 0);
}

/** Chance of at most so many successes. */
export function atMost(spread: Float64Array, count: number): number {
  return spread.slice(0, count + 1).reduce((sum, chance) => sum + chance, 0);
}
