/** node experiments/klal/table.ts: puts the results of the study into docs/results.md and README.md, between their marks. */
import { existsSync, readFileSync } from "node:fs";
import { type Estimate, mean, pairedDifference } from "../../src/eval/statistics.ts";
import { fill, percent, table } from "../pages.ts";
import { focused, plan, type Run, resultOf, type TaskName, tasks } from "./plan.ts";
import type { Result } from "./score.ts";

interface Scored extends Run {
  readonly result: Result;
}

const scored: readonly Scored[] = [...plan, ...focused].flatMap((run) => {
  const file = resultOf(run.name);
  return existsSync(file) ? [{ ...run, result: JSON.parse(readFileSync(file, "utf8")) as Result }] : [];
});

const of = (task: TaskName, arm: string) => scored.filter((run) => run.task === task && run.arm === arm);
const accuracies = (runs: readonly Scored[]) => runs.map(({ result }) => mean(result.right));

/** "93.1 (92.0 to 94.4)": mean over seeds, smallest and largest. */
function overSeeds(values: readonly number[]): string {
  if (values.length === 0) return "–";
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const range = values.length > 1 ? ` (${percent(least)} to ${percent(most)})` : "";
  return `${percent(mean(values))}${range}`;
}

/** First minus second arm on the same questions, seed by seed; whole images of all seeds are resampled. */
function paired(first: readonly Scored[], second: readonly Scored[]): Estimate | undefined {
  const pairs = first.flatMap((a) => {
    const b = second.find(({ seed }) => seed === a.seed);
    return b === undefined ? [] : [[a, b] as const];
  });
  if (pairs.length === 0) return undefined;
  const values = (side: 0 | 1) => pairs.flatMap((pair) => pair[side].result.right);
  const groups = pairs.flatMap(([{ seed, result }]) => result.images.map((image) => seed * 1e6 + image));
  return pairedDifference(values(0), values(1), { groups });
}

function signed(estimate: Estimate | undefined): string {
  if (estimate === undefined) return "–";
  const sign = (value: number) => `${value >= 0 ? "+" : "−"}${percent(Math.abs(value))}`;
  return `${sign(estimate.value)} [${sign(estimate.low)}, ${sign(estimate.high)}]`;
}

const titles: Readonly<Record<string, string>> = {
  ntp: "NTP",
  klal: "NTP + KLAL",
  lll: "NTP + LLL",
  "lll+klal": "NTP + LLL + KLAL",
};
const names = Object.keys(tasks) as TaskName[];

function compared(): string {
  const rows = names.flatMap((task) =>
    Object.entries(titles).flatMap(([arm, title]) => {
      const runs = of(task, arm);
      if (runs.length === 0) return [];
      const difference = arm === "ntp" ? "" : signed(paired(runs, of(task, "ntp")));
      const questions = `${runs.length} × ${runs[0].result.questions}`;
      return [[task, title, `${runs[0].result.steps}`, overSeeds(accuracies(runs)), difference, questions]];
    }),
  );
  return table(["task", "loss", "steps", "accuracy, %", "against NTP, points", "seeds × questions"], rows);
}

/** Mean over seeds of the attention on target, by layer. */
function byLayer(
  runs: readonly Scored[],
  when: "onTarget" | "onTargetBefore",
  query: keyof Result["onTarget"],
) {
  const layers = runs[0].result.onTarget[query].length;
  return Array.from({ length: layers }, (_, l) =>
    percent(mean(runs.map(({ result }) => result[when][query][l]))),
  );
}

function attention(): string {
  const rows = names.flatMap((task) => {
    const [start] = [of(task, "ntp")];
    if (start.length === 0) return [];
    const row = (label: string, runs: readonly Scored[], when: "onTarget" | "onTargetBefore") => [
      task,
      label,
      ...byLayer(runs, when, "predicting"),
      ...byLayer(runs, when, "last-answer"),
    ];
    const trained = Object.entries(titles).filter(([arm]) => of(task, arm).length > 0);
    return [
      row("untrained", start, "onTargetBefore"),
      ...trained.map(([arm, title]) => row(title, of(task, arm), "onTarget")),
    ];
  });
  const layers = rows.length === 0 ? 0 : (rows[0].length - 2) / 2;
  const numbered = (query: string) => Array.from({ length: layers }, (_, l) => `${query} ${l + 1}`);
  return table(["task", "loss", ...numbered("predicting"), ...numbered("last answer")], rows);
}

function ablated(): string {
  const changes = plan.filter(({ arm, after }) => !(arm in titles) && after === undefined);
  const arms = [...new Set(changes.map(({ arm }) => arm))];
  const rows = names.flatMap((task) => {
    const base = of(task, "klal");
    const changed = arms.flatMap((arm) => {
      const runs = of(task, arm).filter(({ seed }) => base.some((run) => run.seed === seed));
      if (runs.length === 0) return [];
      return [[task, arm, overSeeds(accuracies(runs)), signed(paired(runs, base)), `${runs.length}`]];
    });
    return changed.length === 0
      ? []
      : [[task, "**defaults**", overSeeds(accuracies(base)), "", `${base.length}`], ...changed];
  });
  return table(["task", "change", "accuracy, %", "against the defaults, same seeds, points", "seeds"], rows);
}

function transfer(): string {
  const fresh = of("line-intersection", "ntp");
  const starts = Object.entries(titles).map(
    ([arm, title]) =>
      [`line tracing with ${title}`, of("line-intersection", `from line-tracing ${arm}`)] as const,
  );
  const rows = [["nothing", fresh] as const, ...starts].map(([label, runs]) => [
    label,
    overSeeds(accuracies(runs)),
    runs === fresh ? "" : signed(paired(runs, fresh)),
    `${runs.length}`,
  ]);
  return table(["start", "line intersection, %", "against nothing, points", "seeds"], rows);
}

/** What the gates and the learnt targets gave, against regions for every answer and against none, on the seeds that are there. */
function focusedTable(): string {
  const own = focused.filter(({ arm }) => arm !== "again");
  const keys = [...new Set(own.map(({ task, arm }) => `${task}/${arm}`))];
  const rows = keys.flatMap((key) => {
    const [task, arm] = key.split("/") as [TaskName, string];
    const runs = of(task, arm);
    if (runs.length === 0) return [];
    const prefix = arm.startsWith("lll+") ? "lll" : "";
    const [none, all] = prefix === "" ? ["ntp", "klal"] : [prefix, "lll+klal"];
    const sameSeeds = of(task, all).filter(({ seed }) => runs.some((run) => run.seed === seed));
    const onTarget = (some: readonly Scored[]) =>
      percent(mean(some.map(({ result }) => result.onTarget.predicting.at(-1) ?? 0)));
    return [
      [
        task,
        arm,
        overSeeds(accuracies(runs)),
        signed(paired(runs, sameSeeds)),
        signed(paired(runs, of(task, none))),
        onTarget(runs),
        onTarget(sameSeeds),
        runs.map(({ seed }) => seed).join(", "),
      ],
    ];
  });
  const columns = [
    "accuracy, %",
    "against all answers, points",
    "against none, points",
    "on target, %",
    "with all, %",
  ];
  return table(["task", "supervised", ...columns, "seeds"], rows);
}

/** For the README: a line a task, a column a loss. */
function headline(): string {
  const arms = Object.keys(titles).filter((arm) => names.some((task) => of(task, arm).length > 0));
  const rows = names.map((task) => [
    task,
    ...arms.map((arm) => (of(task, arm).length === 0 ? "" : percent(mean(accuracies(of(task, arm)))))),
  ]);
  return table(["accuracy, %", ...arms.map((arm) => titles[arm])], rows);
}

await fill("docs/results.md", {
  "klal-compared": compared(),
  "klal-attention": attention(),
  "klal-transfer": transfer(),
  "klal-ablations": ablated(),
  "klal-focused": focusedTable(),
});
await fill("README.md", { "klal-headline": headline() });
const commits = [...new Set(scored.map(({ result }) => result.commit))];
console.log(`${scored.length} of ${plan.length + focused.length} runs, trained at ${commits.join(", ")}`);
