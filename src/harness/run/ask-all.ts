import PQueue from "p-queue";
import pRetry from "p-retry";
import { frameFor } from "../../answers/families.ts";
import { parseAnswer } from "../../answers/parse.ts";
import type { ChosenPrompts } from "../../answers/prompts/templates.ts";
import { mustBe } from "../../common/errors.ts";
import { pictureOf } from "../pictures.ts";
import { type Ask, type AskPlace, type Provider, ProviderError, type Reply } from "../providers/provider.ts";
import type { AnswerRecord, ItemRecord } from "../record.ts";
import { type Budget, costOf, estimateInput, type Price } from "./cost.ts";
import { type Limiter, systemClock } from "./limits.ts";

export interface AskSettings {
  readonly provider: Provider;
  /** Folder that the items' pictures lie in. */
  readonly dataFolder: string;
  readonly prompts: ChosenPrompts;
  readonly maxOutputTokens: number;
  readonly concurrency: number;
  readonly limiter: Limiter;
  readonly budget: Budget;
  readonly price?: Price;
  /** How often a question is asked again after a failure that may pass; default 6. */
  readonly retries?: number;
  /** Milliseconds before the first repetition, doubled with each; default 1000. */
  readonly backOff?: number;
  /** Stops asking; questions under way go on. */
  readonly stop: AbortSignal;
  /** Breaks off questions under way too. */
  readonly abort: AbortSignal;
  readonly onAnswer: (answer: AnswerRecord, item: ItemRecord) => void | Promise<void>;
  /** Something that people should know: a repetition, a warning. */
  readonly onNote?: (note: string) => void;
}

/** How it ended. Questions without an answer can be asked again by calling again. */
export interface AskOutcome {
  readonly answered: number;
  /** Questions that the server turned down for good; answered as unparsable when others were answered. */
  readonly refused: number;
  readonly unanswered: number;
  /** Why it stopped before the end; undefined when every question was tried. */
  readonly stopped?: "interrupted" | "cost" | "failures";
  /** The last failure. */
  readonly failure?: string;
}

/** So many questions in a row without an answer end a run: the server is down, or the request is wrong. */
const failuresInRow = 5;

/** State of one call of {@link askAll}. */
interface State {
  answered: number;
  inRow: number;
  stopped?: AskOutcome["stopped"];
  failure?: ProviderError;
  readonly refused: { readonly item: ItemRecord; readonly message: string }[];
  /** Largest number of input tokens that an answer reported, for what the next may cost. */
  largestInput: number;
  readonly notes: Set<string>;
}

/**
 * Asks every item once, `concurrency` at a time, again after failures that may pass. Throws the `ProviderError` that
 * ends everything (a wrong key, an unknown model); everything else is in the outcome.
 */
export async function askAll(items: readonly ItemRecord[], settings: AskSettings): Promise<AskOutcome> {
  if (settings.concurrency < 1) throw mustBe("eval", "--concurrency", "at least 1", settings.concurrency);
  const state: State = { answered: 0, inRow: 0, refused: [], largestInput: 0, notes: new Set() };
  const fatal = new AbortController();
  const stop = AbortSignal.any([settings.stop, settings.abort, fatal.signal]);
  const queue = new PQueue({ concurrency: settings.concurrency });
  const end = (why: NonNullable<State["stopped"]>) => {
    state.stopped ??= why; // Questions that wait then return at once.
  };
  stop.addEventListener("abort", () => end("interrupted"), { once: true });
  if (stop.aborted) end("interrupted");
  let broken: unknown;
  for (const [index, item] of items.entries())
    queue
      .add(() =>
        askOne(item, { index, of: items.length, abreast: settings.concurrency }, settings, state, stop, end),
      )
      .catch((error) => {
        broken ??= error;
        fatal.abort();
      });
  await queue.onIdle();
  if (broken !== undefined) throw broken;
  const refused = await settleRefused(settings, state);
  return {
    answered: state.answered,
    refused,
    unanswered: items.length - state.answered - refused,
    ...(state.stopped && { stopped: state.stopped }),
    ...(state.failure && { failure: state.failure.message }),
  };
}

async function askOne(
  item: ItemRecord,
  place: AskPlace,
  settings: AskSettings,
  state: State,
  stop: AbortSignal,
  end: (why: NonNullable<State["stopped"]>) => void,
): Promise<void> {
  if (stop.aborted || state.stopped) return;
  const ask = { ...(await askOf(item, settings)), place };
  const reserved = await reserve(ask, settings, state, stop);
  if (reserved === undefined) return end(stop.aborted ? "interrupted" : "cost");
  let spent = 0;
  try {
    const reply = await askAgain(ask, settings, state, stop);
    const counted = { inputTokens: estimateInput(ask, settings.price), outputTokens: 0, ...reply };
    state.largestInput = Math.max(state.largestInput, reply.inputTokens ?? 0);
    spent = settings.price ? costOf(settings.price, counted) : 0;
    settings.budget.settle(reserved, spent);
    await settings.onAnswer(answerRecord(item, ask, reply, settings), item);
    state.answered++;
    state.inRow = 0;
    for (const warning of reply.warnings ?? []) note(settings, state, warning);
  } catch (error) {
    settings.budget.settle(reserved, 0);
    if (stop.aborted && !(error instanceof ProviderError)) return; // Broken off: unanswered.
    if (!(error instanceof ProviderError) || error.kind === "fatal") throw error;
    state.failure = error;
    if (error.kind === "refused") state.refused.push({ item, message: error.message });
    else note(settings, state, `${item.id} is left without an answer: ${error.message}`);
    if (++state.inRow >= failuresInRow) end("failures");
  }
}

/** An item's question as it is sent. */
export async function askOf(
  item: ItemRecord,
  { dataFolder, prompts, maxOutputTokens }: Pick<AskSettings, "dataFolder" | "prompts" | "maxOutputTokens">,
): Promise<Ask> {
  const image = await pictureOf(dataFolder, item, prompts.family);
  return { image, prompt: prompts.prompt(item), maxOutputTokens };
}

/**
 * Sets aside the most that a question can cost; undefined when the limit does not allow it, or it is time to stop. With
 * a limit the first question goes alone: its answer tells how the model counts a picture.
 */
async function reserve(
  ask: Ask,
  { price, budget }: AskSettings,
  state: State,
  stop: AbortSignal,
): Promise<number | undefined> {
  const most = () => {
    const inputTokens = Math.max(estimateInput(ask, price), state.largestInput);
    return price ? costOf(price, { inputTokens, outputTokens: ask.maxOutputTokens }) : 0;
  };
  while (!stop.aborted && !state.stopped) {
    const first = budget.isLimited && state.answered === 0 && budget.waiting();
    const held = most();
    if (!first && budget.reserve(held)) return held;
    if (!budget.waiting()) return undefined;
    await systemClock.sleep(50, stop).catch(() => {});
  }
  return undefined;
}

async function askAgain(ask: Ask, settings: AskSettings, state: State, stop: AbortSignal): Promise<Reply> {
  const { provider, limiter, retries = 6, backOff = 1000, abort } = settings;
  const tokens = estimateInput(ask, settings.price) + ask.maxOutputTokens;
  let reply: Reply | undefined;
  const attempt = async () => {
    await limiter.enter(tokens, stop);
    reply = await provider.ask(ask, abort);
  };
  await pRetry(attempt, {
    retries,
    minTimeout: backOff,
    maxTimeout: 60 * backOff,
    randomize: true,
    signal: stop,
    shouldRetry: ({ error }) => error instanceof ProviderError && error.kind === "again",
    onFailedAttempt: ({ error, retriesLeft }) => {
      if (!(error instanceof ProviderError) || error.kind !== "again") return;
      if (error.retryAfter !== undefined) limiter.pause(error.retryAfter);
      if (retriesLeft > 0) note(settings, state, `${error.message}; asking again`);
    },
  }).catch((error) => {
    if (reply === undefined) throw error; // p-retry throws an answer away that came after the signal to stop.
  });
  return reply as unknown as Reply;
}

/** Each note once. */
function note({ onNote }: AskSettings, { notes }: State, text: string): void {
  if (notes.has(text)) return;
  notes.add(text);
  onNote?.(text);
}

/** A reply understood, or why it was not. */
function answerRecord(item: ItemRecord, ask: Ask, reply: Reply, { prompts }: AskSettings): AnswerRecord {
  const { text, inputTokens, outputTokens, unknownTokens, stopped } = reply;
  const broken = stopped === undefined ? undefined : endings(outputTokens ?? ask.maxOutputTokens)[stopped];
  const understood =
    broken === undefined
      ? parseAnswer(text, item, prompts.family.places, frameFor(prompts.family, item))
      : { parsed: null, problem: broken };
  return {
    id: item.id,
    text,
    ...understood,
    ...(inputTokens !== undefined && { inputTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
    ...(unknownTokens !== undefined && { unknownTokens }),
  };
}

const endings = (tokens: number) => ({
  length: `cut off after ${tokens} tokens`,
  "content-filter": "held back by the provider's content filter",
  other: undefined,
});

/**
 * Questions that the server turned down count as answered, unparsably, when it answered others: then it is the question
 * that it did not like. When it answered none, the request itself is wrong, and they stay unanswered.
 */
async function settleRefused(settings: AskSettings, state: State): Promise<number> {
  if (state.answered === 0 || state.stopped === "failures") return 0;
  for (const { item, message } of state.refused)
    await settings.onAnswer({ id: item.id, text: "", parsed: null, problem: `refused: ${message}` }, item);
  return state.refused.length;
}
