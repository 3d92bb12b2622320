import type { AxisPlot, Series } from "../plots/axis-plot.ts";
import type { AxisScores } from "../score/strata.ts";
import type { Column, Table } from "./table.ts";

/** Accuracy along every axis of difficulty on which the items of a column differ; axes of numbers first. */
export function columnPlots({ rows, columns, baselines }: Table, place: number): AxisPlot[] {
  const column = columns[place];
  const chance = strongestBaseline(column);
  const known = rows.flatMap(({ cells }) => cells[place]?.scores.axes ?? []);
  const axes = [...new Map(known.map((axis) => [axis.axis, axis])).values()].filter(
    ({ strata }) => strata.length > 1,
  );
  const plots = axes.map(({ axis, numeric }) => ({
    task: column.label,
    axis,
    numeric,
    series: [
      ...rows.flatMap(({ label, cells }, slot) => seriesOf(label, slot, axis, cells[place]?.scores.axes)),
      ...seriesOf(baselines[chance].name, "baseline", axis, column.baselines[chance].axes),
    ],
  }));
  return [...plots.filter(({ numeric }) => numeric), ...plots.filter(({ numeric }) => !numeric)];
}

/** The baseline that a model must beat here. */
function strongestBaseline({ baselines }: Column): number {
  const values = baselines.map(({ accuracy }) => accuracy.value);
  return values.indexOf(Math.max(...values));
}

function seriesOf(
  label: string,
  slot: Series["slot"],
  axis: string,
  axes: readonly AxisScores[] = [],
): Series[] {
  const found = axes.find((one) => one.axis === axis);
  return found === undefined ? [] : [{ label, slot, strata: found.strata }];
}
