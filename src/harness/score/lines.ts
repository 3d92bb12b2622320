import type { Estimate } from "../../eval/statistics.ts";
import { aligned, withInterval } from "../../eval/summary.ts";
import type { GroupScores, RunScores, TaskScores } from "./scores.ts";
import type { AxisScores } from "./strata.ts";

/**
 * A run's scores as tables for people: accuracy by task with the baselines, then what each task adds, then
 * strata.
 */
export function scoreLines(scores: RunScores): string[] {
  const { run, tasks } = scores;
  const details = tasks.flatMap(detailRows);
  const data = run.data.replace(/\/+$/, "").split("/").at(-1);
  const head = `${run.model} on ${data}: ${scores.all.items} items; 95 % intervals`;
  return [
    head,
    "",
    ...aligned(accuracyRows(scores)),
    ...(details.length > 0 ? ["", ...aligned(details)] : []),
    ...tasks.flatMap((task) =>
      differing(task.axes).flatMap((axis) => ["", ...aligned(axisRows(task, axis))]),
    ),
    ...tokenLines(scores),
  ];
}

/** Share and its interval in per cent; a dash where nothing counts. */
export const percent = (estimate: Estimate): string => withInterval("accuracy", estimate);

function accuracyRows({ all, tasks, baselines }: RunScores): string[][] {
  const header = ["accuracy", "items", "this run", "unparsable", "unanswered"];
  const names = baselines.map(({ name }) => name);
  const row = (label: string, group: GroupScores, chance: readonly (Estimate | undefined)[]) => [
    label,
    String(group.items),
    percent(group.accuracy),
    String(group.outcomes.unparsable),
    String(group.outcomes.unanswered),
    ...chance.map((estimate) => (estimate === undefined ? "-" : percent(estimate))),
  ];
  const ofTask = (task: string) =>
    baselines.map((baseline) => baseline.tasks.find((one) => one.task === task)?.accuracy);
  const overall = baselines.map(({ accuracy }) => accuracy);
  return [
    [...header, ...names],
    ...tasks.map((task) => row(task.task, task, ofTask(task.task))),
    ...(tasks.length > 1 ? [row("all", all, overall)] : []),
  ];
}

/** Metrics that a kind of answer adds to accuracy. */
export function taskDetails({ box, points, yesNo }: TaskScores): [label: string, estimate: Estimate][] {
  return [
    ...(box === undefined ? [] : ([["mean IoU", box.meanIou]] as [string, Estimate][])),
    ...Object.entries(points ?? {}).map(([name, value]) => [`point ${name}`, value] as [string, Estimate]),
    ...Object.entries(yesNo ?? {})
      .filter(([name]) => name !== "accuracy")
      .map(([name, value]) => [yesNoNames[name] ?? name, value] as [string, Estimate]),
  ];
}

const yesNoNames: Readonly<Record<string, string>> = { yesShare: "share of yes" };

function detailRows(task: TaskScores): string[][] {
  return taskDetails(task).map(([label, estimate]) => [`${task.task}: ${label}`, percent(estimate)]);
}

/** An axis on which all items are alike says nothing. */
const differing = (axes: readonly AxisScores[]) => axes.filter(({ strata }) => strata.length > 1);

function axisRows({ task }: TaskScores, { axis, strata }: AxisScores): string[][] {
  return [
    [`${task} by ${axis}`, "items", "accuracy"],
    ...strata.map(({ label, accuracy }) => [`  ${label}`, String(accuracy.count), percent(accuracy)]),
  ];
}

function tokenLines({ tokens: { input, output } }: RunScores): string[] {
  if (input === null && output === null) return [];
  return ["", `tokens: ${input ?? "unknown"} in, ${output ?? "unknown"} out`];
}
