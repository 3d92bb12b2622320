/** One question asked: set aside, noted, sent, counted; and again after failures that may pass. */
import { type Patience, systemClock, time } from "../../common/waiting.ts";
import { type Ask, type Billing, type Provider, ProviderError, type Reply } from "../providers/provider.ts";
import type { AttemptLog, Counted, Tokens } from "./attempts.ts";
import { type Budget, costOf, dollars, estimateInput, maxInput, type Price } from "./cost.ts";
import type { Limiter } from "./limits.ts";

export interface AttemptSettings {
  readonly provider: Provider;
  readonly limiter: Limiter;
  readonly patience: Patience;
  readonly budget: Budget;
  readonly price?: Price;
  /** Left out where nothing is billed. */
  readonly attempts?: AttemptLog;
  /** How often a question is asked again after a failure that may pass; default 6. */
  readonly retries?: number;
  /** Milliseconds before the first repetition, doubled with each; default 1000. */
  readonly backOff?: number;
  /** Breaks off questions under way. */
  readonly abort: AbortSignal;
  /** The run waits so many milliseconds. */
  readonly onWait?: (milliseconds: number) => void;
}

/** What the answers so far tell of the next. */
export interface Known {
  /** Largest ratio of reported to estimated input tokens. */
  ratio?: number;
  /** Whether an answer has come: with a limit the first question goes alone. */
  replied: boolean;
}

/** Why a run asks no more. */
export class Ended extends Error {
  override readonly name = "Ended";
  readonly why: "cost" | "wait";

  constructor(why: "cost" | "wait", message: string) {
    super(message);
    this.why = why;
  }
}

/**
 * The answer to a question. Throws the {@link ProviderError} of its last attempt, an {@link Ended}, or the reason of `stop`.
 */
export async function askWithRetries(
  id: string,
  ask: Ask,
  settings: AttemptSettings,
  known: Known,
  stop: AbortSignal,
  onNote: (note: string) => void,
): Promise<Reply> {
  const { retries = 6, backOff = 1000, limiter, patience, onWait } = settings;
  for (let retry = 0; ; retry++) {
    try {
      const reply = await attempt(id, ask, settings, known, stop);
      patience.renew();
      return reply;
    } catch (error) {
      if (!(error instanceof ProviderError) || error.kind !== "transient" || retry >= retries) throw error;
      const pause = Math.min(60, 2 ** retry * (1 + Math.random())) * backOff;
      const wait = patience.take(Math.max(pause, error.retryAfter ?? 0));
      if (wait === undefined) throw new Ended("wait", error.message);
      onNote(`${error.message}; ${waitText(error.retryAfter, wait)}`);
      if (error.retryAfter !== undefined) limiter.pause(Math.min(error.retryAfter, wait));
      onWait?.(wait);
      await systemClock.sleep(wait, stop);
    }
  }
}

function waitText(asked: number | undefined, wait: number): string {
  if (asked === undefined || asked < 1000) return "asking again";
  if (asked <= wait) return `asking again in ${time(wait)}`;
  return `it wants to be left alone for ${time(asked)}, asking again in ${time(wait)}`;
}

/** Asks once. What it may cost is on the disk before it is sent, so that no end of the process can lose it. */
async function attempt(
  id: string,
  ask: Ask,
  settings: AttemptSettings,
  known: Known,
  stop: AbortSignal,
): Promise<Reply> {
  const { limiter, attempts, provider, budget, price, abort } = settings;
  const most = await reserve(ask, settings, known, stop);
  const held = costIn(price, most);
  let counted: Counted = { inputTokens: 0, outputTokens: 0 };
  try {
    await limiter.enter(estimateInput(ask, price) + ask.maxOutputTokens, stop);
    const number = await attempts?.begin(id, most);
    counted = { ...most, estimated: true };
    try {
      const reply = await provider.ask(ask, abort);
      counted = countedOf(reply, most);
      learn(known, ask, reply, price);
      return reply;
    } catch (error) {
      if (error instanceof ProviderError) counted = billed(error.billing, most);
      throw error; // One that was broken off counts whole.
    } finally {
      if (number !== undefined) await attempts?.end(number, counted);
    }
  } finally {
    budget.settle(held, costIn(price, counted), counted.estimated);
  }
}

const costIn = (price: Price | undefined, tokens: Tokens) => (price ? costOf(price, tokens) : 0);

function billed(billing: Billing, most: Tokens): Counted {
  if (billing === "nothing") return { inputTokens: 0, outputTokens: 0 };
  return { ...most, ...(billing === "question" && { outputTokens: 0 }), estimated: true };
}

/**
 * The tokens that a server reports, and the most that they can be where it reports none. No question has no tokens, and no
 * answer with text has: such numbers are left out too.
 */
export function countedOf(
  reply: Pick<Reply, "text" | "inputTokens" | "outputTokens">,
  most: Tokens,
): Counted {
  const input = reported(reply.inputTokens, 1);
  const output = reported(reply.outputTokens, reply.text === "" ? 0 : 1);
  return {
    inputTokens: input ?? most.inputTokens,
    outputTokens: output ?? most.outputTokens,
    ...((input === undefined || output === undefined) && { estimated: true }),
  };
}

function reported(count: number | undefined, least: number): number | undefined {
  return count !== undefined && Number.isFinite(count) && count >= least ? count : undefined;
}

/** What the answer to a question tells of how the model counts. */
export function learn(
  known: Known,
  ask: Parameters<typeof estimateInput>[0],
  { inputTokens }: Pick<Reply, "inputTokens">,
  price?: Price,
): void {
  known.replied = true;
  const input = reported(inputTokens, 1);
  if (input !== undefined) known.ratio = Math.max(known.ratio ?? 0, input / estimateInput(ask, price));
}

/** The most tokens that a question and its answer are likely to have. */
export function maxTokens(
  ask: Parameters<typeof estimateInput>[0],
  outputTokens: number,
  { ratio }: Known,
  price?: Price,
): Tokens {
  const inputTokens =
    ratio === undefined ? maxInput(ask, price) : Math.ceil(estimateInput(ask, price) * Math.max(1, ratio));
  return { inputTokens, outputTokens };
}

/**
 * Sets aside the most that a question can cost, as soon as the limit allows it: those under way may turn out cheaper. Throws
 * an {@link Ended} when it never will, or the reason of `stop`.
 */
async function reserve(
  ask: Ask,
  { price, budget }: AttemptSettings,
  known: Known,
  stop: AbortSignal,
): Promise<Tokens> {
  for (;;) {
    stop.throwIfAborted();
    const first = budget.limit !== undefined && !known.replied && budget.waiting();
    const most = maxTokens(ask, ask.maxOutputTokens, known, price);
    const cost = costIn(price, most);
    if (!first && budget.reserve(cost)) return most;
    if (!budget.waiting()) throw new Ended("cost", costText(budget, cost));
    await systemClock.sleep(50, stop);
  }
}

function costText(budget: Budget, next: number): string {
  const spent = `${dollars(budget.spent())} of ${dollars(budget.limit as number)} counted`;
  const guessed = budget.estimated();
  const estimated = guessed > 0 ? `, ${dollars(guessed)} of it not reported and taken at its limit` : "";
  return `${spent}${estimated}; the next question could cost ${dollars(next)}`;
}
