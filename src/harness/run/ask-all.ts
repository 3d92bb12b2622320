/** Asks the questions of a run, several at a time, until all are answered or something ends it. */
import PQueue from "p-queue";
import { frameFor } from "../../answers/families.ts";
import { parseAnswer } from "../../answers/parse.ts";
import type { ChosenPrompts } from "../../answers/prompts/chosen.ts";
import { mustBe } from "../../common/errors.ts";
import { pictureOf } from "../pictures.ts";
import { type Ask, type AskPlace, type Picture, ProviderError, type Reply } from "../providers/provider.ts";
import type { AnswerRecord, ItemRecord } from "../record.ts";
import { type AttemptSettings, askWithRetries, Ended, type Known } from "./attempt.ts";

export interface AskSettings extends AttemptSettings {
  /** Folder that the items' pictures lie in. */
  readonly dataFolder: string;
  readonly prompts: ChosenPrompts;
  readonly maxOutputTokens: number;
  readonly concurrency: number;
  /** What is known from answers of an earlier call. */
  readonly known?: Known;
  /** Stops asking; questions under way go on. */
  readonly stop: AbortSignal;
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
  readonly stopped?: "interrupted" | "cost" | "wait" | "failures";
  /** The last failure, or what is to be known of the end. */
  readonly failure?: string;
}

/** So many questions in a row without an answer end a run: the server is down, or the request is wrong. */
const failuresInRow = 5;

/** State of one call of {@link askAll}. */
interface State {
  answered: number;
  inRow: number;
  stopped?: AskOutcome["stopped"];
  failure?: Error;
  readonly refused: { readonly item: ItemRecord; readonly message: string }[];
  readonly known: Known;
  readonly notes: Set<string>;
  readonly pictures: PictureMemory;
}

/** Pictures that were read last, by their paths: questions about one picture follow each other. */
type PictureMemory = Map<string, Promise<Picture>>;

const rememberedPictures = 4;

/**
 * Asks every item once, `concurrency` at a time, again after failures that may pass. Throws the `ProviderError` that
 * ends everything (a wrong key, an unknown model); everything else is in the outcome.
 */
export async function askAll(items: readonly ItemRecord[], settings: AskSettings): Promise<AskOutcome> {
  const { concurrency, stop, abort, known = { replied: false } } = settings;
  if (concurrency < 1) throw mustBe("eval", "--concurrency", "at least 1", concurrency);
  const state: State = { answered: 0, inRow: 0, refused: [], known, notes: new Set(), pictures: new Map() };
  const ended = new AbortController();
  const end: End = (why) => {
    state.stopped ??= why;
    ended.abort();
  };
  const stopped = AbortSignal.any([stop, abort]);
  stopped.addEventListener("abort", () => end("interrupted"), { once: true });
  if (stopped.aborted) end("interrupted");
  const queue = new PQueue({ concurrency });
  let broken: unknown;
  for (const [index, item] of items.entries()) {
    const place = { index, of: items.length, abreast: concurrency };
    queue
      .add(() => askOne(item, place, settings, state, ended.signal, end))
      .catch((error) => {
        broken ??= error;
        end("interrupted");
      });
  }
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

type End = (why: NonNullable<State["stopped"]>) => void;

/** `ended` stops what waits for a turn, for money or to be asked again; a request under way goes on. */
async function askOne(
  item: ItemRecord,
  place: AskPlace,
  settings: AskSettings,
  state: State,
  ended: AbortSignal,
  end: End,
): Promise<void> {
  if (ended.aborted) return;
  const ask = { ...(await askOf(item, settings, state.pictures)), place };
  const onNote = (text: string) => note(settings, state, text);
  try {
    const reply = await askWithRetries(item.id, ask, settings, state.known, ended, onNote);
    await settings.onAnswer(answerRecord(item, ask, reply, settings), item);
    state.answered++;
    state.inRow = 0;
    for (const warning of reply.warnings ?? []) onNote(warning);
  } catch (error) {
    const brokenOff = [ended, settings.abort].flatMap(({ aborted, reason }) => (aborted ? [reason] : []));
    unanswered(error, item, state, brokenOff, end, onNote);
  }
}

/** What a question without an answer means for the run. Throws what ends it with an error. */
function unanswered(
  error: unknown,
  item: ItemRecord,
  state: State,
  brokenOff: readonly unknown[],
  end: End,
  onNote: (note: string) => void,
): void {
  if (error instanceof Ended) {
    if (state.stopped === undefined) state.failure = error;
    end(error.why);
    return;
  }
  if (brokenOff.includes(error)) return;
  if (!(error instanceof ProviderError) || error.kind === "fatal") throw error;
  state.failure = error;
  if (error.kind === "refused") state.refused.push({ item, message: error.message });
  else onNote(`${item.id} is left without an answer: ${error.message}`);
  if (++state.inRow >= failuresInRow) end("failures");
}

/** An item's question as it is sent. */
export async function askOf(
  item: ItemRecord,
  { dataFolder, prompts, maxOutputTokens }: Pick<AskSettings, "dataFolder" | "prompts" | "maxOutputTokens">,
  pictures: PictureMemory = new Map(),
): Promise<Ask> {
  const image = pictures.get(item.image) ?? pictureOf(dataFolder, item, prompts.family);
  pictures.set(item.image, image);
  if (pictures.size > rememberedPictures) pictures.delete(pictures.keys().next().value as string);
  return { image: await image, prompt: prompts.prompt(item), maxOutputTokens };
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
