import { sceneTasks } from "../../data/tasks/registry.ts";
import type { SceneTask } from "../../data/tasks/task.ts";
import { queryNames } from "../maps.ts";
import type { Summary, SummaryRow } from "../summary.ts";
import { demoQuery } from "./config.ts";
import type { ReportScore } from "./report.ts";

/** The scores that the page shows, from a summary whose first model is the page's second. */
export function scoresOf({ rows }: Summary): ReportScore[] {
  const accuracy = rows.filter(({ group, name }) => group === "accuracy" && name !== "all questions");
  const tasks = accuracy.map((row) => scoreOf(row, row.name, describe(row.name)));
  const lens = lensScores.flatMap(({ name, label, what }) =>
    rows.filter((row) => row.group === "lens" && row.name === name).map((row) => scoreOf(row, label, what)),
  );
  const attention = rows.filter(
    ({ group, name }) => group === `attention of the ${queryNames[demoQuery]}` && name === "mass on target",
  );
  const last = attention[attention.length - 1];
  const onTarget =
    last === undefined ? [] : [scoreOf(last, "attention on target", "of the last layer, on the evidence")];
  return [...tasks, ...lens, ...onTarget];
}

const lensScores = [
  { name: "pointing game", label: "lens pointing game", what: "is the likeliest patch on the object?" },
  { name: "iou", label: "lens IoU", what: "patches at probability 0.5 against the object's patches" },
  {
    name: "presence",
    label: "lens presence",
    what: "does the highest probability tell whether it is there?",
  },
];

function describe(task: string): string {
  const known: Readonly<Record<string, SceneTask>> = sceneTasks;
  return known[task]?.description ?? "";
}

function scoreOf({ estimates, difference }: SummaryRow, label: string, what: string): ReportScore {
  return { label, what, estimates: [...estimates].reverse(), ...(difference && { difference }) };
}
