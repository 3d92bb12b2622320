/** A model of this machine in a thread of its own, with a line of jobs before it. */
import { setTimeout } from "node:timers/promises";
import type { Machine } from "../../engine/runtime/runtime.ts";
import type { WeightForm } from "../../hub/weights/weights.ts";
import { sentMachine } from "../../serve/machine.ts";
import { type ServedModel, type SpeakerThread, servedBy } from "../../serve/served.ts";
import type { ModelNotes, Piece, SpeakerAnswer } from "../../serve/speaker.ts";
import { openThread, type Thread } from "../../serve/thread.ts";
import { oneByOne } from "../../serve/turns.ts";
import type { ModelCard } from "../jobs/job.ts";
import type { Loading } from "../models/model.ts";
import { limits } from "./limits.ts";
import type { ModelThreadData, OpenedModel, SpokenJob, ThreadJob } from "./model-thread.ts";

export interface LocalModel {
  /** Settled once its weights are there; rejects with why it cannot be opened. */
  readonly card: Promise<ModelCard>;
  /** Jobs under way or waiting. */
  readonly busy: number;
  /** Throws an ApiError 503 when no more jobs may wait: before the body of one more is read. */
  mustHaveRoom(): void;
  /** Does a job when its turn comes; its result as a message of a stream. Rejects at once where it is left before that. */
  run(job: ThreadJob, options: LocalRunOptions): Promise<ArrayBuffer>;
  /** The same thread and the same line behind OpenAI's API; of a model that was opened with `speaks`. */
  served?(): Promise<ServedModel>;
  close(): Promise<void>;
}

export interface LocalRunOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Loading) => void;
}

export interface LocalModelOptions {
  readonly folder: string;
  /** How people name the folder; the page is told this and not where it lies. */
  readonly given: string;
  readonly weights?: WeightForm;
  /** Where its programs run. */
  readonly machine?: Machine;
  /** Whether it answers requests of OpenAI's API, too. */
  readonly speaks?: boolean;
  /** Jobs that may wait. */
  readonly maxWaiting?: number;
  /** Hears why a thread died; another is opened. */
  readonly onDeath?: (error: Error) => void;
}

type ModelThread = Thread<OpenedModel, ThreadJob | SpokenJob, Loading | Piece, ArrayBuffer | SpeakerAnswer>;

const entry = new URL("./model-thread.ts", import.meta.url);

/** A pass of a large model over a large picture cannot be stopped within; a thread that leaves nothing for this long is ended. */
const patience = 10 * 60_000;

/** Milliseconds that a job which nobody wants may take to its next step when the server ends. */
const longestWait = 10_000;

/** Begins to open it. */
export function openLocalModel(options: LocalModelOptions): LocalModel {
  const { folder, given, weights, machine, speaks = false, onDeath, maxWaiting = limits.waiting } = options;
  const data: ModelThreadData = {
    ...{ folder, speaks },
    ...(weights && { weights }),
    ...(machine && { machine: sentMachine(machine) }),
  };
  const thread: Promise<ModelThread> = openThread(entry, data, {
    name: `model's (${given})`,
    patience,
    ...(onDeath && { onDeath }),
  });
  const card = thread.then(({ opened }) => ({ ...opened.card, folder: given }));
  card.catch(() => {}); // Who asks for it hears of it.
  const turns = oneByOne(maxWaiting);
  return {
    card,
    get busy() {
      return turns.waiting + turns.running;
    },
    mustHaveRoom: turns.mustHaveRoom,
    run: (job, { signal, onProgress }) =>
      turns.take(signal, async () => {
        const onPiece = (piece: Loading | Piece) => onProgress(piece as Loading);
        return (await thread).run(job, { signal, onPiece, transfer: [job.body] }) as Promise<ArrayBuffer>;
      }),
    served: () => servedBy(thread.then(speakerOf), { turns, maxWaiting, ...(onDeath && { onDeath }) }),
    async close() {
      // Work that cannot be stopped between two steps ends with its thread, at the end of a pass.
      await Promise.race([turns.idle(), setTimeout(longestWait, undefined, { ref: false })]);
      const isOpening = Symbol();
      const open = await Promise.race([thread.catch(() => undefined), setTimeout(10, isOpening)]);
      if (open !== isOpening) await (open as ModelThread | undefined)?.close();
    },
  };
}

/** The thread as those who speak with it see it; it ends with its owner. */
function speakerOf(thread: ModelThread): SpeakerThread {
  return {
    opened: thread.opened.notes as ModelNotes,
    get deaths() {
      return thread.deaths;
    },
    run(request, { onPiece, ...options }) {
      const hear = onPiece && { onPiece: (piece: Loading | Piece) => onPiece(piece as Piece) };
      return thread.run({ request }, { ...options, ...hear }) as Promise<SpeakerAnswer>;
    },
    close: async () => {},
  };
}
