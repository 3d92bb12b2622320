/** How numbers become colours: fixed scales, the same for every picture of a kind. */
import { roundStep } from "../common/ticks.ts";
import { type ColourMap, colourMaps } from "./colour.ts";

/** What the colours of a map stand for. */
export interface Scale {
  readonly colours: ColourMap;
  /** For example "probability". */
  readonly label: string;
  /** Place of a value on the scale, 0 to 1; values beyond an end stay at it. */
  readonly at: (value: number) => number;
  /** Numbers beside the scale's bar, with their places. */
  readonly ticks: readonly Tick[];
}

export interface Tick {
  readonly at: number;
  readonly text: string;
}

/** Even steps from `low` to `high`. */
export function linearScale(label: string, low: number, high: number, colours = colourMaps.heat): Scale {
  const at = (value: number) => clamped((value - low) / (high - low || 1));
  const ticks = roundTicks({ low, high });
  return { colours, label, at, ticks: ticks.map((value) => ({ at: at(value), text: formatNumber(value) })) };
}

/** Places among the V words of a vocabulary, in steps of their logarithm: from the last to the first. */
export function rankScale(V: number, colours = colourMaps.heat): Scale {
  const at = (rank: number) => clamped(1 - Math.log(rank) / Math.log(V));
  const decades = Array.from({ length: Math.ceil(Math.log10(V)) }, (_, i) => 10 ** i);
  const close = (rank: number) => Math.log10(V / rank) < 0.35;
  const ranks = [...decades.filter((rank) => !close(rank)), V];
  const text = (rank: number) => (rank === 1 ? "1st word" : formatCount(rank));
  return {
    colours,
    label: `place among ${formatCount(V)} words`,
    at,
    ticks: ranks.map((rank) => ({ at: at(rank), text: text(rank) })),
  };
}

/** Log-probabilities in nats, from the chance of one word in V to certainty. */
export function logProbabilityScale(V: number, colours = colourMaps.heat): Scale {
  const scale = linearScale("log-probability", -Math.log(V), 0, colours);
  return { ...scale, label: `log-probability, from chance (1 in ${formatCount(V)})` };
}

/**
 * Shares of the attention on N places, in steps of their logarithm: from the even share 1 / N, which is what a map that
 * looks nowhere in particular has everywhere, to all on one place.
 */
export function shareScale(N: number, colours = colourMaps.heat): Scale {
  const at = (share: number) => clamped(1 + Math.log(share) / Math.log(N));
  const tick = (share: number) => ({ at: at(share), text: formatShare(share) });
  const rounds = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3].filter((share) => at(share) > 0.12);
  const even = { at: 0, text: `even (${formatShare(1 / N)})` };
  const ticks = [even, ...rounds.filter((share) => at(share) > 0.3).map(tick), tick(1)];
  return { colours, label: "part of what the image gets, in steps of its logarithm", at, ticks };
}

function clamped(t: number): number {
  return t > 0 ? Math.min(1, t) : 0;
}

/** Values in [low, high] that a scale's two ends stand for. */
export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

/** Smallest and largest finite value of several maps. */
export function rangeOf(maps: readonly ArrayLike<number>[]): ValueRange {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const map of maps)
    for (let i = 0; i < map.length; i++)
      if (Number.isFinite(map[i])) {
        low = Math.min(low, map[i]);
        high = Math.max(high, map[i]);
      }
  return low <= high ? { low, high } : { low: 0, high: 0 };
}

/** Four to nine round numbers (1, 2 or 5 times a power of ten) inside a range; one for an empty range. */
export function roundTicks(range: ValueRange): number[] {
  const [low, high] = [Math.min(range.low, range.high), Math.max(range.low, range.high)];
  if (!(high > low)) return [low];
  const step = roundStep((high - low) / 5);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high * (1 + 1e-12); i++)
    ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/** Short form for people: three significant digits, small and large numbers with an exponent. */
export function formatNumber(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e5) return value.toExponential(1).replace("e+", "e");
  return String(Number(value.toPrecision(3)));
}

/** A share in per cent, with more digits where it is small: "64 %", "2.4 %", "0.05 %". */
export function formatShare(share: number): string {
  const percent = 100 * share;
  if (percent === 0) return "0 %";
  if (percent < 0.01) return "under 0.01 %";
  return `${percent >= 9.95 ? percent.toFixed(0) : Number(percent.toPrecision(2))} %`;
}

/** A probability: two digits after the point, more where it is small. */
export function formatProbability(value: number): string {
  if (value >= 0.995 && value < 0.9995) return value.toFixed(3);
  if (value >= 0.0995) return value.toFixed(2);
  return value >= 0.001 ? String(Number(value.toPrecision(2))) : value === 0 ? "0" : "under 0.001";
}

/** A whole number with commas: 49,280. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
