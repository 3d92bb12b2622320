/** A run: every question asked once, whatever ends the process. */
import { UserError } from "../../common/errors.ts";
import { createPatience } from "../../common/waiting.ts";
import { baselineAnswers } from "../baselines.ts";
import { sizeSent } from "../pictures.ts";
import { ProviderError } from "../providers/provider.ts";
import type { AnswerRecord, ItemRecord } from "../record.ts";
import { scoreItem } from "../score/item.ts";
import { type AskOutcome, askAll } from "./ask-all.ts";
import { type Before, countBefore } from "./before.ts";
import { type Budget, createBudget, dollars, neededPrice, type Price, priceOf } from "./cost.ts";
import { freeRunFolder, type OpenRun, openRunFolder } from "./folder.ts";
import { createLimiter, type RateLimits } from "./limits.ts";
import { type BaselinePlan, type ModelPlan, type PlanOptions, planRun } from "./plan.ts";
import { countUnknown, type UnknownWords } from "./unknown-words.ts";

export interface RunOptions extends PlanOptions, RateLimits {
  /** Whether another folder beside `out` may be taken when it holds a run with other settings. */
  readonly outIsDefault?: boolean;
  readonly concurrency?: number;
  readonly retries?: number;
  /** Milliseconds before the first repetition. */
  readonly backOff?: number;
  /** Milliseconds that a server which turns everything away is waited for, since its last answer. Default 900,000. */
  readonly maxWait?: number;
  /** Dollars that the whole run may cost, with what was asked before. */
  readonly maxCost?: number;
  /** Dollars for a million tokens. */
  readonly priceIn?: number;
  readonly priceOut?: number;
  /** Stops asking; what is under way is waited for. */
  readonly stop?: AbortSignal;
  /** Breaks off what is under way. */
  readonly abort?: AbortSignal;
  readonly onProgress?: (progress: RunProgress) => void;
  readonly onNote?: (note: string) => void;
}

export interface RunProgress {
  readonly done: number;
  readonly total: number;
  /** Of those done, how many were asked before. */
  readonly before: number;
  readonly right: number;
  readonly unparsable: number;
  /** Dollars, and how many of them are upper estimates; undefined when no price is known. */
  readonly cost?: number;
  readonly estimatedCost?: number;
  /** Seconds that the run waits for the server, which turned it away. */
  readonly waiting?: number;
}

export interface RunResult extends Omit<AskOutcome, "answered"> {
  readonly folder: string;
  readonly progress: RunProgress;
  /** Words that the model does not know, where there are any. */
  readonly unknown?: UnknownWords;
}

/**
 * Asks a model every question of a data folder that its run folder has no answer to yet. The run folder holds every
 * answer from the moment it came; calling again with the same settings goes on. Throws a `UserError` for what the user
 * can mend: settings, a wrong key, a folder in use.
 */
export async function runModel(options: RunOptions): Promise<RunResult> {
  const plan = await planRun(options);
  for (const notice of plan.notices) options.onNote?.(notice);
  try {
    const out = options.outIsDefault ? await freeRunFolder(options.out, plan) : options.out;
    const open = await openRunFolder(out, plan);
    const answering = plan.kind === "model" ? askModel(plan, open, options) : answerBlindly(plan, open);
    return await answering.finally(open.close);
  } finally {
    if (plan.kind === "model") await plan.provider.close();
  }
}

async function answerBlindly(plan: BaselinePlan, open: OpenRun): Promise<RunResult> {
  const known = new Set(open.answers.map(({ id }) => id));
  const count = counter(plan.items, []);
  for (const [i, answer] of baselineAnswers(plan.baseline, plan.items, plan.run.seed).entries()) {
    if (!known.has(answer.id)) await open.append(answer);
    count.add(answer, plan.items[i]);
  }
  const progress = { ...count.progress(), before: known.size };
  return { folder: open.folder, refused: 0, unanswered: 0, progress };
}

async function askModel(plan: ModelPlan, open: OpenRun, options: RunOptions): Promise<RunResult> {
  const { provider, items } = plan;
  const price = await knownPrice(plan, options);
  const before = countBefore(plan, open, price);
  const budget = createBudget(options.maxCost, before.dollars, before.estimated);
  const count = counter(items, open.answers, price && budget);
  options.onProgress?.(count.progress());
  noteSpent(before, options);
  const done = new Set(open.answers.map(({ id }) => id));
  const remaining = items.filter(({ id }) => !done.has(id));
  provider.expect?.(
    remaining.map((item) => ({
      image: item.image,
      ...sizeSent(item, provider.family),
      prompt: plan.chosen.prompt(item),
    })),
  );
  const never = new AbortController().signal;
  const settings = {
    provider,
    dataFolder: plan.data,
    prompts: plan.chosen,
    maxOutputTokens: plan.maxOutputTokens,
    // A local model's own number keeps its turns full: there the option is the size of a turn.
    concurrency: (provider.isLocal ? undefined : options.concurrency) ?? provider.concurrency,
    limiter: createLimiter(options),
    patience: createPatience(options.maxWait ?? defaultMaxWait),
    budget,
    known: before.known,
    ...(price && { price }),
    ...(!provider.isLocal && { attempts: open.attempts }),
    ...(options.retries !== undefined && { retries: options.retries }),
    ...(options.backOff !== undefined && { backOff: options.backOff }),
    stop: options.stop ?? never,
    abort: options.abort ?? never,
    ...(options.onNote && { onNote: options.onNote }),
    onWait: (ms: number) => options.onProgress?.({ ...count.progress(), waiting: Math.ceil(ms / 1000) }),
    onAnswer: async (answer: AnswerRecord, item: ItemRecord) => {
      await open.append(answer);
      count.add(answer, item);
      options.onProgress?.(count.progress());
    },
  };
  const { answered: _, ...outcome } = await askAll(remaining, settings).catch((error) => {
    if (error instanceof ProviderError) throw new UserError(`eval: ${error.message}`, { cause: error });
    throw error;
  });
  const unknown = countUnknown(provider, items, plan.chosen);
  return { folder: open.folder, progress: count.progress(), ...(unknown && { unknown }), ...outcome };
}

/** Milliseconds; see {@link RunOptions}. */
export const defaultMaxWait = 900_000;

/** Somebody who gives a limit should know what of it is used up. */
function noteSpent(before: Before, { maxCost, onNote }: RunOptions): void {
  if (maxCost === undefined || before.dollars === 0) return;
  const guessed =
    before.estimated > 0 ? `, ${dollars(before.estimated)} of it not reported and taken at its limit` : "";
  onNote?.(`${dollars(before.dollars)} of --max-cost ${dollars(maxCost)} was spent before${guessed}`);
}

async function knownPrice({ provider }: ModelPlan, options: RunOptions): Promise<Price | undefined> {
  const { priceIn: input, priceOut: output } = options;
  const given = { ...(input !== undefined && { input }), ...(output !== undefined && { output }) };
  const price = await priceOf(provider.name, provider.isLocal, given);
  return options.maxCost === undefined ? price : neededPrice(provider.name, price);
}

/** The running score. */
function counter(items: readonly ItemRecord[], before: readonly AnswerRecord[], budget?: Budget) {
  const byId = new Map(items.map((item) => [item.id, item]));
  let [done, right, unparsable] = [0, 0, 0];
  const add = (answer: AnswerRecord, item: ItemRecord) => {
    done++;
    if (answer.parsed === null) unparsable++;
    if (scoreItem(item, answer).correct) right++;
  };
  for (const answer of before) add(answer, byId.get(answer.id) as ItemRecord);
  const progress = (): RunProgress => ({
    done,
    total: items.length,
    before: before.length,
    right,
    unparsable,
    ...(budget && { cost: budget.spent() }),
    ...(budget && budget.estimated() > 0 && { estimatedCost: budget.estimated() }),
  });
  return { add, progress };
}
