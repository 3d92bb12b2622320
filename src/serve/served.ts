import { stat } from "node:fs/promises";
import PQueue from "p-queue";
import type { WeightForm } from "../hub/weights.ts";
import { decodingOf, endIds } from "../vlm/answer.ts";
import { openVlm, programCache, type Vlm } from "../vlm/open.ts";
import { ApiError } from "./api-error.ts";
import type { Prompt } from "./prompt.ts";
import { type Sampling, sampler } from "./sampling.ts";
import { textStream } from "./text-stream.ts";

/** A model that answers one request after the other. */
export interface ServedModel {
  /** Its name in the API. */
  readonly id: string;
  /** Unix time in seconds. */
  readonly created: number;
  readonly vlm: Vlm;
  /** Answers under way or waiting for their turn. */
  readonly busy: number;
  /**
   * Generates an answer when its turn comes; `onText` gets it piece by piece. Stops at the next token once
   * `signal` is aborted, with an error. Throws an {@link ApiError} of status 503 when too many wait.
   */
  answer(prompt: Prompt, options: AnswerOptions): Promise<Answered>;
  dispose(): Promise<void>;
}

export interface AnswerOptions extends Sampling {
  readonly stop: readonly string[];
  readonly signal: AbortSignal;
  readonly onText: (text: string) => void;
}

export interface Answered {
  readonly finish: "stop" | "length";
  /** New tokens, the end token among them. */
  readonly tokens: number;
}

export interface ServedOptions {
  /** Name in the API; default: the folder's last name. */
  readonly id?: string;
  /** Requests that may wait. */
  readonly maxWaiting?: number;
  /** How the weights are held; default "memory". */
  readonly weights?: WeightForm;
}

/** Opens a model folder for serving. Throws a UserError when it is not one that can answer. */
export async function openServed(folder: string, options: ServedOptions = {}): Promise<ServedModel> {
  const vlm = await openVlm(folder, programCache(), options.weights);
  checkProcessor(vlm);
  const { mtimeMs } = await stat(folder);
  return served(vlm, { id: vlm.name, ...options, created: Math.floor(mtimeMs / 1000) });
}

/** Fails now rather than at the first picture. */
function checkProcessor(vlm: Vlm): void {
  vlm.reader.see({ width: 8, height: 8, data: new Uint8Array(8 * 8 * 3) });
}

function served(vlm: Vlm, options: ServedOptions & { id: string; created: number }): ServedModel {
  const { id, created, maxWaiting = 100 } = options;
  const ends = endIds(vlm);
  const generator = vlm.family.createGenerator(vlm.config as never, { maxNewTokens: 1, ...decodingOf(vlm) });
  const turns = new PQueue({ concurrency: 1 });
  return {
    id,
    created,
    vlm,
    get busy() {
      return turns.size + turns.pending;
    },
    async answer(prompt, { stop, signal, onText, ...sampling }) {
      if (turns.size >= maxWaiting) throw overloaded(maxWaiting);
      const choose = sampler(sampling);
      const streamOptions = { maxNewTokens: prompt.maxNewTokens, ...(choose && { choose }) };
      return turns.add(async () => {
        goOn(signal);
        const tokens = generator.stream(vlm.params as never, prompt.row, streamOptions);
        return speak(vlm, tokens, { ends, stop, signal, onText });
      });
    },
    async dispose() {
      await turns.onIdle();
      await generator.dispose();
    },
  };
}

function overloaded(waiting: number): ApiError {
  return new ApiError(`The server is busy: ${waiting} requests are waiting; try again later`, {
    status: 503,
    code: "overloaded",
    headers: { "Retry-After": "1" },
  });
}

/** The HTTP adapter aborts with a text for a reason: what is thrown must be an error. */
function goOn(signal: AbortSignal): void {
  if (signal.aborted) throw new DOMException("The answer is no longer wanted", "AbortError");
}

interface Speech extends Omit<AnswerOptions, keyof Sampling> {
  readonly ends: readonly number[];
}

async function speak(vlm: Vlm, tokens: AsyncIterable<number>, speech: Speech): Promise<Answered> {
  const { ends, stop, signal, onText } = speech;
  const text = textStream(vlm.chat.tokenizer, stop);
  let count = 0;
  let ended = false;
  for await (const token of tokens) {
    goOn(signal);
    count++;
    ended = ends.includes(token);
    if (!ended) onText(text.push(token));
    if (text.stopped) break;
  }
  onText(text.end());
  return { finish: ended || text.stopped ? "stop" : "length", tokens: count };
}
