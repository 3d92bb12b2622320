import { mustBe } from "../../common/errors.ts";
import { sizeSent } from "../pictures.ts";
import type { RequestDescription } from "../providers/provider.ts";
import { askOf } from "./ask-all.ts";
import { costOf, estimateInput, priceOf } from "./cost.ts";
import { planRun } from "./plan.ts";
import type { RunOptions } from "./run.ts";

export interface DryRun {
  readonly model: string;
  readonly family: string;
  readonly items: number;
  /** The first request as it would be sent; the picture as its size and hash, no key. */
  readonly request: RequestDescription;
  /** Estimated tokens of all questions, and the most that all answers can have. */
  readonly inputTokens: number;
  readonly mostOutputTokens: number;
  /** Dollars: for the questions alone, and when every answer is as long as allowed. Left out without a price. */
  readonly leastCost?: number;
  readonly mostCost?: number;
}

/** What a run would send and cost. Asks nothing, writes nothing, needs no key. */
export async function dryRun(options: RunOptions): Promise<DryRun> {
  const plan = await planRun({ ...options, withoutKey: true });
  if (plan.kind === "baseline") throw mustBe("eval", "--dry-run", "given with a model", plan.baseline);
  const { provider, chosen, items, maxOutputTokens } = plan;
  const context = { dataFolder: plan.data, prompts: chosen, maxOutputTokens };
  const request = await provider.describe(await askOf(items[0], context));
  const { priceIn: input, priceOut: output } = options;
  const given = { ...(input !== undefined && { input }), ...(output !== undefined && { output }) };
  const price = await priceOf(provider.name, provider.isLocal, given);
  const inputTokens = items.reduce((sum, item) => {
    const image = sizeSent(item, provider.family);
    return sum + estimateInput({ image, prompt: chosen.prompt(item) }, price);
  }, 0);
  const mostOutputTokens = items.length * maxOutputTokens;
  await provider.close();
  return {
    model: provider.name,
    family: provider.family.name,
    items: items.length,
    request,
    inputTokens,
    mostOutputTokens,
    ...(price && {
      leastCost: costOf(price, { inputTokens }),
      mostCost: costOf(price, { inputTokens, outputTokens: mostOutputTokens }),
    }),
  };
}

/** For people. */
export function dryRunLines(run: DryRun): string[] {
  const { leastCost, mostCost } = run;
  const cost =
    leastCost === undefined || mostCost === undefined
      ? "unknown: give --price-in and --price-out (US dollars for a million tokens)"
      : `$${leastCost.toFixed(2)} for the questions, at most $${mostCost.toFixed(2)} with the answers`;
  return [
    `${run.model} (${run.family}), first of ${run.items} questions, to ${run.request.to}`,
    JSON.stringify(run.request.body, null, 2),
    `tokens: about ${run.inputTokens} in, at most ${run.mostOutputTokens} out`,
    `cost: ${cost}`,
  ];
}
