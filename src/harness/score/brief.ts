/** The first thing that `fovea eval` says: a short table, and what it means in words. */
import type { Estimate } from "../../eval/statistics.ts";
import { aligned } from "../../eval/summary.ts";
import type { Comparison, PairScores } from "./compare.ts";
import { shownP } from "./compare.ts";
import { percent } from "./lines.ts";
import type { GroupScores, RunScores } from "./scores.ts";

/** One model: accuracy by task, beside what can be answered without the picture. */
export function briefLines({ all, tasks, baselines }: RunScores): string[] {
  const unread = all.outcomes.unparsable > 0;
  const row = (label: string, group: GroupScores, chance: readonly (Estimate | undefined)[]) => [
    label,
    String(group.items),
    percent(group.accuracy),
    ...(unread ? [String(group.outcomes.unparsable)] : []),
    ...chance.map((estimate) => (estimate === undefined ? "-" : share(estimate.value))),
  ];
  const chanceOf = (task: string) =>
    baselines.map((baseline) => baseline.tasks.find((one) => one.task === task)?.accuracy);
  const names = baselines.map(({ name }) => name);
  return aligned([
    ["accuracy", "questions", "right", ...(unread ? ["not read"] : []), ...names],
    ...tasks.map((task) => row(task.task, task, chanceOf(task.task))),
    ...(tasks.length > 1 ? [row("all", all, baselines.map(({ accuracy }) => accuracy))] : []), // biome-ignore format: one line
  ]);
}

/**
 * Two models on the same questions: `a` is the model that was asked for, `b` the one that it is held against; the chance
 * of answering without the picture beside them.
 */
export function changeLines(
  { all, tasks }: Comparison,
  [a, b]: readonly [string, string],
  baselines: RunScores["baselines"] = [],
): string[] {
  const blind = baselines.find(({ name }) => name === "blind");
  const row = (label: string, pair: PairScores, chance?: Estimate) => [
    label,
    String(pair.items),
    percent(pair.accuracy[1]),
    percent(pair.accuracy[0]),
    points(pair.difference),
    String(pair.mcNemar.onlyA),
    String(pair.mcNemar.onlyB),
    ...(blind === undefined ? [] : [chance === undefined ? "-" : share(chance.value)]),
  ];
  const chanceOf = (task: string) => blind?.tasks.find((one) => one.task === task)?.accuracy;
  return [
    ...aligned([
      ["accuracy", "questions", b, a, "change, points", "gained", "lost", ...(blind ? ["blind"] : [])],
      ...tasks.map((pair) => row(pair.task, pair, chanceOf(pair.task))),
      ...(tasks.length > 1 ? [row("all", all, blind?.accuracy)] : []),
    ]),
    "",
    ...verdict(all, [a, b]),
  ];
}

/** Whether the change is more than chance, in words. */
export function verdict(pair: PairScores, [a, b]: readonly [string, string]): string[] {
  const { items, mcNemar: test, difference } = pair;
  const right = (alone: number) => test.bothRight + alone;
  const facts = `${a} answers ${right(test.onlyA)} of ${items} questions right, ${b} ${right(test.onlyB)}`;
  return [`${facts}: ${test.onlyA} gained, ${test.onlyB} lost.`, `${meaning(test.p, test, difference)}`];
}

/** With fewer questions than this answered differently, no outcome has p < 0.05: 2 / 2^5 = 0.0625. */
const leastDiscordant = 6;

function meaning(p: number, test: PairScores["mcNemar"], difference: Estimate): string {
  const how = `McNemar's exact test, p ${p < 1e-4 ? "" : "= "}${shownP(p)}`;
  const discordant = test.onlyA + test.onlyB;
  if (discordant === 0) return "Both are right and wrong on the same questions: nothing changed.";
  if (p < 0.05) return `The ${difference.value > 0 ? "gain" : "loss"} is significant (${how}).`;
  if (discordant < leastDiscordant)
    return `Too few questions are answered differently (${discordant}) to tell a change from chance (${how}): ask more.`;
  return `The change is not significant: it can be chance (${how}).`;
}

function points({ value, low, high }: Estimate): string {
  if (Number.isNaN(value)) return "-";
  const sign = (part: number) => `${part > 0 ? "+" : ""}${(100 * part).toFixed(1)}`;
  return `${sign(value)} [${sign(low)}, ${sign(high)}]`;
}

const share = (value: number) => `${(100 * value).toFixed(1)} %`;
