/** A model of this machine in a thread of its own, with a line of jobs before it. */
import { setTimeout } from "node:timers/promises";
import type { WeightForm } from "../../hub/weights/weights.ts";
import { openThread, type Thread } from "../../serve/thread.ts";
import { oneByOne } from "../../serve/turns.ts";
import type { ModelCard } from "../jobs/job.ts";
import type { Loading } from "../models/model.ts";
import { limits } from "./limits.ts";
import type { ModelThreadData, ThreadJob } from "./model-thread.ts";

export interface LocalModel {
  /** Settled once its weights are there; rejects with why it cannot be opened. */
  readonly card: Promise<ModelCard>;
  /** Jobs under way or waiting. */
  readonly busy: number;
  /** Throws an ApiError 503 when no more jobs may wait: before the body of one more is read. */
  mustHaveRoom(): void;
  /** Does a job when its turn comes; its result as a message of a stream. Rejects at once where it is left before that. */
  run(job: ThreadJob, options: LocalRunOptions): Promise<ArrayBuffer>;
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
  /** Jobs that may wait. */
  readonly maxWaiting?: number;
  /** Hears why a thread died; another is opened. */
  readonly onDeath?: (error: Error) => void;
}

type ModelThread = Thread<ModelCard, ThreadJob, Loading, ArrayBuffer>;

const entry = new URL("./model-thread.ts", import.meta.url);

/** A pass of a large model over a large picture cannot be stopped within; a thread that leaves nothing for this long is ended. */
const patience = 10 * 60_000;

/** Milliseconds that a job which nobody wants may take to its next step when the server ends. */
const longestWait = 10_000;

/** Begins to open it. */
export function openLocalModel(options: LocalModelOptions): LocalModel {
  const { folder, given, weights, onDeath, maxWaiting = limits.waiting } = options;
  const data: ModelThreadData = { folder, ...(weights && { weights }) };
  const thread: Promise<ModelThread> = openThread(entry, data, {
    name: `model's (${given})`,
    patience,
    ...(onDeath && { onDeath }),
  });
  const card = thread.then(({ opened }) => ({ ...opened, folder: given }));
  card.catch(() => {}); // Who asks for it hears of it.
  const turns = oneByOne(maxWaiting);
  return {
    card,
    get busy() {
      return turns.waiting + turns.running;
    },
    mustHaveRoom: turns.mustHaveRoom,
    run: (job, { signal, onProgress }) =>
      turns.take(signal, async () =>
        (await thread).run(job, { signal, onPiece: onProgress, transfer: [job.body] }),
      ),
    async close() {
      // A thread that is ended within a pass takes the process with it.
      await Promise.race([turns.idle(), setTimeout(longestWait, undefined, { ref: false })]);
      const isOpening = Symbol();
      const open = await Promise.race([thread.catch(() => undefined), setTimeout(10, isOpening)]);
      if (open !== isOpening) await (open as ModelThread | undefined)?.close();
    },
  };
}
