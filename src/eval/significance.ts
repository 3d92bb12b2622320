/** How often two models differ on the same items, and how likely that is by chance. */
export interface McNemar {
  readonly bothRight: number;
  readonly onlyA: number;
  readonly onlyB: number;
  readonly bothWrong: number;
  /** Two-sided, exact. */
  readonly p: number;
}

/**
 * McNemar's test (Psychometrika 12, 1947) in its exact form: of the items that only one of two models gets
 * right, each model gets a half by chance. p = min(1, 2 P(X <= min(onlyA, onlyB))) with X ~ Binomial(onlyA +
 * onlyB, 1/2).
 */
export function mcNemar(a: readonly boolean[], b: readonly boolean[]): McNemar {
  if (a.length !== b.length)
    throw new RangeError(`McNemar: a and b must be equally long, got ${a.length} and ${b.length}`);
  const count = (right: boolean, alsoRight: boolean) =>
    a.filter((value, i) => value === right && b[i] === alsoRight).length;
  const [onlyA, onlyB] = [count(true, false), count(false, true)];
  const p = Math.min(1, 2 * halfTail(Math.min(onlyA, onlyB), onlyA + onlyB));
  return { bothRight: count(true, true), onlyA, onlyB, bothWrong: count(false, false), p };
}

/** P(X <= k) for X ~ Binomial(n, 1/2), summed from the largest term down so that nothing underflows early. */
function halfTail(k: number, n: number): number {
  let logTerm = -n * Math.LN2;
  for (let i = 0; i < k; i++) logTerm += Math.log((n - i) / (i + 1));
  let [term, sum] = [1, 1];
  for (let i = k; i > 0; i--) {
    term *= i / (n - i + 1);
    sum += term;
  }
  return Math.exp(logTerm + Math.log(sum));
}

/**
 * Holm's step-down correction (Scand. J. Stat. 6, 1979) of p-values that were looked at together, in their
 * order.
 */
export function holm(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => values[i] - values[j]);
  const adjusted = [...values];
  let least = 0;
  for (const [rank, i] of order.entries()) {
    least = Math.max(least, Math.min(1, (values.length - rank) * values[i]));
    adjusted[i] = least;
  }
  return adjusted;
}
