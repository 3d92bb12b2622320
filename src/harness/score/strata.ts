import { type Estimate, proportion } from "../../eval/statistics.ts";
import type { ItemRecord } from "../record.ts";
import type { ItemScore } from "./item.ts";

/** Accuracy of the items that share a value on an axis of difficulty. */
export interface Stratum {
  /** The value, or for a span of numbers its mean. */
  readonly value: number | string;
  /** "3", "smooth", "0.12 to 0.3" */
  readonly label: string;
  readonly accuracy: Estimate;
}

/** Accuracy along one axis of difficulty. */
export interface AxisScores {
  readonly axis: string;
  readonly numeric: boolean;
  /** Numbers rising, words in alphabetical order. */
  readonly strata: readonly Stratum[];
}

/** An axis with more different numbers than this is cut into spans. */
const maxNumbers = 16;
const spans = 8;

/** Accuracy by every axis of difficulty that the items record. */
export function scoreAxes(items: readonly ItemRecord[], scores: readonly ItemScore[]): AxisScores[] {
  const names = new Set(items.flatMap(({ difficulty }) => Object.keys(difficulty)));
  return [...names].map((axis) => {
    const rows = items.flatMap(({ difficulty }, i) =>
      Object.hasOwn(difficulty, axis) ? [{ value: difficulty[axis], correct: scores[i].correct }] : [],
    );
    const numeric = rows.every(({ value }) => typeof value === "number");
    return { axis, numeric, strata: numeric ? numberStrata(rows as Row<number>[]) : wordStrata(rows) };
  });
}

interface Row<T extends number | string> {
  readonly value: T;
  readonly correct: boolean;
}

const accuracyOf = (rows: readonly Row<number | string>[]) => proportion(rows.map(({ correct }) => correct));

function wordStrata(rows: readonly Row<number | string>[]): Stratum[] {
  const values = [...new Set(rows.map(({ value }) => String(value)))].sort();
  return values.map((value) => ({
    value,
    label: value,
    accuracy: accuracyOf(rows.filter((row) => String(row.value) === value)),
  }));
}

function numberStrata(rows: readonly Row<number>[]): Stratum[] {
  const values = [...new Set(rows.map(({ value }) => value))].sort((a, b) => a - b);
  if (values.length > maxNumbers) return spanStrata(rows);
  return values.map((value) => ({
    value,
    label: shortNumber(value),
    accuracy: accuracyOf(rows.filter((row) => row.value === value)),
  }));
}

/** Spans that hold about the same number of items; equal numbers stay together. */
function spanStrata(rows: readonly Row<number>[]): Stratum[] {
  const sorted = [...rows].sort((a, b) => a.value - b.value);
  const groups = new Map<number, Row<number>[]>();
  for (const [i, row] of sorted.entries()) {
    const tied = i > 0 && sorted[i - 1].value === row.value;
    const span = tied ? ([...groups.keys()].at(-1) as number) : Math.floor((i * spans) / sorted.length);
    groups.set(span, [...(groups.get(span) ?? []), row]);
  }
  return [...groups.values()].map((group) => ({
    value: group.reduce((sum, { value }) => sum + value, 0) / group.length,
    label: spanLabel(group[0].value, group[group.length - 1].value),
    accuracy: accuracyOf(group),
  }));
}

const spanLabel = (low: number, high: number) =>
  low === high ? shortNumber(low) : `${shortNumber(low)} to ${shortNumber(high)}`;

const shortNumber = (value: number) => String(Number(value.toPrecision(3)));
