/**
 * Numbers for a map over places (image tokens or pixels) against the truth. `scores` [N] are any real
 * values, higher = more of the concept; `truth` [N] is 1 where the concept is, else 0. Every metric that
 * has no answer (no positive place) is NaN: such items are not counted.
 */
type Values = ArrayLike<number>;

/** Intersection over union of {score >= threshold} and the truth; NaN when both are empty. */
export function iouAtThreshold(scores: Values, truth: Values, threshold: number): number {
  sameLength(scores, truth);
  let both = 0;
  let either = 0;
  for (let i = 0; i < scores.length; i++) {
    const said = scores[i] >= threshold;
    if (said && truth[i] > 0) both++;
    if (said || truth[i] > 0) either++;
  }
  return both / either;
}

/** The largest intersection over union that any threshold gives: what the map could do with the right cut. */
export function bestIou(scores: Values, truth: Values): number {
  sameLength(scores, truth);
  const positives = countPositive(truth);
  if (positives === 0) return Number.NaN;
  let best = 0;
  for (const { said, hits } of cuts(scores, truth)) best = Math.max(best, hits / (positives + said - hits));
  return best;
}

/** Pointing game (Zhang et al., ECCV 2016): is the map's highest place inside the truth? 1, 0, or NaN. */
export function pointingGame(scores: Values, truth: Values): number {
  sameLength(scores, truth);
  if (countPositive(truth) === 0) return Number.NaN;
  let top = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i] > scores[top]) top = i;
  return truth[top] > 0 ? 1 : 0;
}

/**
 * Average precision: Σ (recall_n - recall_(n-1)) precision_n over falling thresholds, equal scores together
 * (the definition of scikit-learn's `average_precision_score`; no interpolation).
 */
export function averagePrecision(scores: Values, truth: Values): number {
  sameLength(scores, truth);
  const positives = countPositive(truth);
  if (positives === 0) return Number.NaN;
  let sum = 0;
  let before = 0;
  for (const { said, hits } of cuts(scores, truth)) {
    sum += ((hits - before) / positives) * (hits / said);
    before = hits;
  }
  return sum;
}

/** KL(P || Q) = Σ P log(P / Q) in nats, both normalised to sum 1; NaN for an empty target P. */
export function klDivergence(target: Values, map: Values): number {
  sameLength(target, map);
  const totalP = sum(target);
  const totalQ = sum(map);
  if (totalP === 0) return Number.NaN;
  let result = 0;
  for (let i = 0; i < map.length; i++) {
    const p = target[i] / totalP;
    if (p > 0) result += p * Math.log((p * totalQ) / map[i]);
  }
  return result;
}

interface Cut {
  /** Places at or above the cut. */
  readonly said: number;
  /** Those of them inside the truth. */
  readonly hits: number;
}

/** Every different set {score >= threshold}, from the highest score down. */
function cuts(scores: Values, truth: Values): Cut[] {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b] - scores[a]);
  const result: Cut[] = [];
  let hits = 0;
  order.forEach((place, i) => {
    if (truth[place] > 0) hits++;
    const last = i + 1 === order.length || scores[order[i + 1]] !== scores[place];
    if (last) result.push({ said: i + 1, hits });
  });
  return result;
}

function countPositive(truth: Values): number {
  let count = 0;
  for (let i = 0; i < truth.length; i++) if (truth[i] > 0) count++;
  return count;
}

function sum(values: Values): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

function sameLength(a: Values, b: Values): void {
  if (a.length !== b.length)
    throw new RangeError(`metric: map and truth must be equally long, got ${a.length} and ${b.length}`);
}
