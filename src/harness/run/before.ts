import { sizeSent } from "../pictures.ts";
import type { ItemRecord } from "../record.ts";
import { countedOf, type Known, learn, maxTokens } from "./attempt.ts";
import { costOf, type Price } from "./cost.ts";
import type { OpenRun } from "./folder.ts";
import type { ModelPlan } from "./plan.ts";

/** What earlier calls have cost, and what their answers tell of the next. */
export interface Before {
  readonly dollars: number;
  /** Of them, those that are upper estimates. */
  readonly estimated: number;
  readonly known: Known;
}

/**
 * Counts a run folder's attempts, and the answers of folders from before there was a log of attempts. Without a price
 * nothing is counted.
 */
export function countBefore(plan: ModelPlan, { answers, attempts }: OpenRun, price?: Price): Before {
  const byId = new Map(plan.items.map((item) => [item.id, item]));
  const askOf = (item: ItemRecord) => ({
    image: sizeSent(item, plan.provider.family),
    prompt: plan.chosen.prompt(item),
  });
  const known: Known = { replied: false };
  for (const answer of answers) learn(known, askOf(byId.get(answer.id) as ItemRecord), answer, price);
  const unlogged = answers.filter(({ id }) => !attempts.before.has(id));
  const old = unlogged.map((answer) => {
    // One that was turned down had no answer.
    const longest = answer.problem?.startsWith("refused: ") ? 0 : plan.maxOutputTokens;
    return countedOf(answer, maxTokens(askOf(byId.get(answer.id) as ItemRecord), longest, known, price));
  });
  const all = price ? [...[...attempts.before.values()].flat(), ...old] : [];
  const sum = (counted: typeof all) => counted.reduce((total, one) => total + costOf(price as Price, one), 0);
  return { dollars: sum(all), estimated: sum(all.filter(({ estimated }) => estimated)), known };
}
