/** node experiments/query/table.ts: puts the results of the study into docs/results.md, between its marks. */
import { existsSync, readFileSync } from "node:fs";
import { type Estimate, mean, pairedDifference } from "../../src/eval/statistics.ts";
import { fill, percent, table } from "../pages.ts";
import { arms, plan, type Run, resultOf, tasks, ways } from "./plan.ts";
import type { Result } from "./score.ts";

interface Scored extends Run {
  readonly result: Result;
}

const scored: readonly Scored[] = plan.flatMap((run) => {
  const file = resultOf(run);
  return existsSync(file) ? [{ ...run, result: JSON.parse(readFileSync(file, "utf8")) as Result }] : [];
});

const of = (way: string, arm: string) => scored.filter((run) => run.way === way && run.arm === arm);

/** Mean over seeds, smallest and largest. */
function spread(values: readonly number[], show: (value: number) => string): string {
  if (values.length === 0) return "–";
  const [least, most] = [Math.min(...values), Math.max(...values)].map(show);
  return `${show(mean(values))} (${least} to ${most})`;
}

const onTarget = (query: string) => (run: Scored) =>
  Object.entries(run.result.onTarget).find(([group]) => group.includes(query))?.[1] ?? Number.NaN;

const rows = Object.keys(ways).flatMap((way) =>
  Object.keys(arms).flatMap((arm) => {
    const runs = of(way, arm);
    if (runs.length === 0) return [];
    const cells = [
      way,
      arm,
      `${runs.length}`,
      spread(
        runs.map(({ result }) => result.heldOutNtp),
        (value) => value.toFixed(3),
      ),
      ...tasks.map((task) =>
        spread(
          runs.map(({ result }) => mean(result.right[task])),
          percent,
        ),
      ),
      spread(runs.map(onTarget("predicts")), percent),
      spread(runs.map(onTarget("last answer")), percent),
    ];
    return [cells];
  }),
);

/** `predicting` less `last-answer`, by question and seed, in points. */
const differences = Object.keys(ways).map((way) => {
  const cells = tasks.map((task) => {
    const pairs = of(way, "predicting").flatMap((run) => {
      const other = of(way, "last-answer").find(({ seed }) => seed === run.seed);
      return other === undefined ? [] : [[run.result.right[task], other.result.right[task]] as const];
    });
    if (pairs.length === 0) return "–";
    return points(
      pairedDifference(
        pairs.flatMap(([a]) => a),
        pairs.flatMap(([, b]) => b),
      ),
    );
  });
  return [way, ...cells];
});

function points({ value, low, high }: Estimate): string {
  const signed = (x: number) => `${x < 0 ? "−" : "+"}${percent(Math.abs(x))}`;
  return `${signed(value)} [${signed(low)}, ${signed(high)}]`;
}

await fill("docs/results.md", {
  "query-runs": table(
    [
      "training",
      "query",
      "seeds",
      "held-out NTP",
      ...tasks,
      "on target, predicting",
      "on target, last answer",
    ],
    rows,
  ),
  "query-differences": table(["training", ...tasks], differences),
});
