import { setTimeout } from "node:timers/promises";
import type { CacheFigures } from "../common/bounded-cache.ts";
import type { Machine } from "../engine/runtime/runtime.ts";
import type { WeightForm } from "../hub/weights/weights.ts";
import { sentMachine } from "./machine.ts";
import type { ModelThreadData } from "./model-thread.ts";
import { defaultLimits, type RequestLimits } from "./requests/limits.ts";
import type { ReadRules } from "./requests/read.ts";
import { imagesOf, type ReadRequest } from "./requests/read-request.ts";
import type { ReadJob } from "./requests/reader-thread.ts";
import type { Answered, ModelNotes, Piece, SpeakerAnswer } from "./speaker.ts";
import { openThread, type Thread } from "./thread.ts";
import { oneByOne, type Turns } from "./turns.ts";

export type { Answered, Piece } from "./speaker.ts";

/** A model in a thread of its own that answers one request after the other, and a thread that reads requests. */
export interface ServedModel {
  /** Its name in the API. */
  readonly id: string;
  readonly notes: ModelNotes;
  /** The most that a request may ask. */
  readonly limits: RequestLimits;
  /** Answers under way or waiting for their turn. */
  readonly busy: number;
  readonly load: Load;
  /** Throws an `ApiError` of status 503 when too many wait: before the body of one more is read. */
  mustHaveRoom(): void;
  /** Reads a body, which is empty here afterwards. Rejects with an `ApiError` for what cannot be done as asked. */
  read(
    body: ArrayBuffer,
    rules: Pick<ReadRules, "api" | "images">,
    signal: AbortSignal,
  ): Promise<ReadRequest>;
  /**
   * Generates answers when their turn comes; `onPiece` gets them piece by piece, the first at the first token. A request
   * whose signal is aborted leaves the line at once; one under way ends at its next token, with an error. Rejects with
   * an `ApiError` of status 503 when too many wait.
   */
  answer(request: ReadRequest, options: AnswerOptions): Promise<Answered>;
  /** Ends the threads once nobody is answered, or after two seconds. */
  dispose(): Promise<void>;
}

export interface AnswerOptions {
  readonly signal: AbortSignal;
  readonly onPiece: (piece: Piece) => void;
}

/** Figures of how things stand. */
export interface Load {
  readonly running: number;
  readonly waiting: number;
  readonly mostWaiting: number;
  /** Threads that died, by name. */
  readonly deaths: Readonly<Record<string, number>>;
  /** Of the model's thread, after its last answer. */
  readonly caches: readonly CacheFigures[];
}

export interface ServedOptions {
  /** Name in the API; default: the folder's last name. */
  readonly id?: string;
  /** Requests that may wait; default 100. */
  readonly maxWaiting?: number;
  /** How the weights are held; default "memory". */
  readonly weights?: WeightForm;
  /** Where its programs run. */
  readonly machine?: Machine;
  /** What differs from {@link defaultLimits}. */
  readonly limits?: Partial<RequestLimits>;
  /** Called with why a thread died. */
  readonly onDeath?: (error: Error) => void;
  /** The line that is shared with whoever else asks this model; default: one of its own. */
  readonly turns?: Turns;
}

const entries = {
  model: new URL("./model-thread.ts", import.meta.url),
  reader: new URL("./requests/reader-thread.ts", import.meta.url),
};

/** MiB of JavaScript values of the thread that reads: many times what the largest request needs. */
const readerHeap = 1024;

/** Milliseconds that an answer which is no longer wanted may take to its next step when the server ends. */
const longestStep = 2000;

export type SpeakerThread = Thread<ModelNotes, ReadRequest, Piece, SpeakerAnswer>;
type ReaderThread = Thread<null, ReadJob, never, ReadRequest>;

/** Opens a model folder for serving. Throws a UserError when it is not one that can answer. */
export async function openServed(folder: string, options: ServedOptions = {}): Promise<ServedModel> {
  const { weights, machine, onDeath } = options;
  const data: ModelThreadData = {
    folder,
    ...(weights && { weights }),
    ...(machine && { machine: sentMachine(machine) }),
  };
  const model = openThread<ModelNotes, ReadRequest, Piece, SpeakerAnswer>(entries.model, data, {
    name: "model",
    ...(onDeath && { onDeath }),
  });
  return servedBy(model, options);
}

/** The same for a model whose thread is somebody's already. */
export async function servedBy(
  opening: Promise<SpeakerThread>,
  options: ServedOptions = {},
): Promise<ServedModel> {
  const { onDeath } = options;
  const reader: Promise<ReaderThread> = openThread(entries.reader, undefined, {
    name: "reader",
    limits: { maxOldGenerationSizeMb: readerHeap },
    ...(onDeath && { onDeath }),
  });
  try {
    return served(await opening, await reader, options);
  } catch (error) {
    await reader.then((thread) => thread.close());
    throw error;
  }
}

function served(model: SpeakerThread, reader: ReaderThread, options: ServedOptions): ServedModel {
  const { maxWaiting = 100 } = options;
  const notes = model.opened;
  const id = options.id ?? notes.name;
  const limits = { ...defaultLimits(notes.contextTokens), ...options.limits };
  const turns = options.turns ?? oneByOne(maxWaiting);
  let caches: readonly CacheFigures[] = [];
  return {
    id,
    notes,
    limits,
    get busy() {
      return turns.waiting + turns.running;
    },
    get load() {
      const deaths = { model: model.deaths, reader: reader.deaths };
      return { running: turns.running, waiting: turns.waiting, mostWaiting: maxWaiting, deaths, caches };
    },
    mustHaveRoom: turns.mustHaveRoom,
    read: (body, { api, images }, signal) =>
      reader.run({ body, rules: { api, model: id, limits, images } }, { signal, transfer: [body] }),
    answer: (request, { signal, onPiece }) =>
      turns.take(signal, async () => {
        const transfer = imagesOf(request).map(({ bytes }) => bytes.buffer);
        const answered = await model.run(request, { signal, transfer, onPiece });
        caches = answered.caches;
        return answered;
      }),
    async dispose() {
      // Work that cannot be stopped between two steps, as a long prompt's, ends with its thread.
      await Promise.race([turns.idle(), setTimeout(longestStep, undefined, { ref: false })]);
      await Promise.all([model.close(), reader.close()]);
    },
  };
}
