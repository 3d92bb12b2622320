/**
 * A worker thread that does jobs for the thread that listens, which must never wait for any of them.
 *
 *     openThread(entry, data, options) -> Thread: run(job, {signal, onPiece}), close()
 *
 * The other side is `answerJobs` (jobs.ts). A thread that dies fails the jobs that it had, and a new one is opened.
 */
import type { ResourceLimits, TransferListItem } from "node:worker_threads";
import { type EndableWorker, openEndable } from "../common/native-calls.ts";
import { type Failure, fromFailure, noLongerWanted } from "./failure.ts";

/** A job on its way to the thread. `flag` turns 1 when it is no longer wanted: seen between two steps of work. */
export interface JobMessage<Job> {
  readonly id: number;
  readonly job: Job;
  readonly flag: Int32Array<SharedArrayBuffer>;
}

/** Told besides the flag, for work that waits for something. */
export interface CancelMessage {
  readonly cancel: number;
}

/** What a thread says: that it is open, a piece of a job's result, or a job's end. */
export type ThreadMessage<Opened, Piece, Done> =
  | { readonly opened: Opened }
  | { readonly unopened: Failure }
  | { readonly id: number; readonly piece: Piece }
  | { readonly id: number; readonly done: Done }
  | { readonly id: number; readonly failed: Failure };

export interface RunOptions<Piece> {
  readonly signal: AbortSignal;
  readonly onPiece?: (piece: Piece) => void;
  /** Buffers that the thread gets without a copy; they are empty here afterwards. */
  readonly transfer?: readonly TransferListItem[];
}

export interface Thread<Opened, Job, Piece, Done> {
  /** What the thread said when it was opened. */
  readonly opened: Opened;
  /** Threads that died. */
  readonly deaths: number;
  /**
   * Sends a job. Rejects with the job's own error, with an AbortError once the thread has seen that it is no longer
   * wanted, and with an error that says so when the thread dies.
   */
  run(job: Job, options: RunOptions<Piece>): Promise<Done>;
  close(): Promise<void>;
}

export interface ThreadOptions {
  /** What it is called in errors. */
  readonly name: string;
  readonly onDeath?: (error: Error) => void;
  readonly limits?: ResourceLimits;
  /** Milliseconds after which a thread that does not leave a job that nobody wants is ended: at the end of a pass that it is in. */
  readonly patience?: number;
}

interface Call<Piece, Done> extends RunOptions<Piece> {
  resolve(done: Done): void;
  reject(error: Error): void;
}

interface Live<Opened, Job, Piece, Done> {
  readonly opened: Opened;
  run(job: Job, options: RunOptions<Piece>): Promise<Done>;
  close(): Promise<void>;
}

/** Opens the thread; rejects with the error of its opening. */
export async function openThread<Opened, Job, Piece, Done>(
  entry: URL,
  data: unknown,
  options: ThreadOptions,
): Promise<Thread<Opened, Job, Piece, Done>> {
  let [deaths, closed] = [0, false];
  const reopen = (error: Error) => {
    if (closed) return;
    deaths++;
    options.onDeath?.(error);
    live = open();
  };
  const open = () => {
    const started = startThread<Opened, Job, Piece, Done>(entry, data, { ...options, onDeath: reopen });
    started.catch(() => {}); // Who runs a job hears of it.
    return started;
  };
  let live = open();
  const { opened } = await live;
  return {
    opened,
    get deaths() {
      return deaths;
    },
    async run(job, runOptions) {
      const tried = live;
      const thread = await tried.catch(() => {
        if (live === tried) live = open(); // What kept it from opening may have passed.
        return live;
      });
      return thread.run(job, runOptions);
    },
    async close() {
      closed = true;
      await live.then((thread) => thread.close()).catch(() => {});
    },
  };
}

async function startThread<Opened, Job, Piece, Done>(
  entry: URL,
  workerData: unknown,
  { name, onDeath, limits, patience = 30_000 }: ThreadOptions,
): Promise<Live<Opened, Job, Piece, Done>> {
  const { worker, end } = openEndable(entry, { workerData, ...(limits && { resourceLimits: limits }) });
  const opening = Promise.withResolvers<Opened>();
  const calls = new Map<number, Call<Piece, Done>>();
  let isOpen = false;
  worker.on("message", (said: ThreadMessage<Opened, Piece, Done>) => {
    if ("opened" in said) {
      isOpen = true;
      opening.resolve(said.opened);
    } else if ("unopened" in said) opening.reject(fromFailure(said.unopened));
    else hear(said, calls);
  });
  let why = "it ended";
  worker.on("error", (error) => {
    why = (error as Error).message;
  });
  worker.on("exit", () => {
    const error = new Error(`The ${name} thread died: ${why}`);
    opening.reject(error);
    for (const { reject } of calls.values()) reject(error);
    calls.clear();
    if (isOpen) onDeath?.(error);
  });
  const opened = await opening.promise.catch(async (error) => {
    await end();
    throw error;
  });
  return {
    opened,
    run: (job, options) => runOn({ worker, end, calls, patience }, job, options),
    close: end,
  };
}

function hear<Piece, Done>(
  said: Extract<ThreadMessage<unknown, Piece, Done>, { id: number }>,
  calls: Map<number, Call<Piece, Done>>,
): void {
  const call = calls.get(said.id);
  if (call === undefined) return;
  if ("piece" in said) {
    if (!call.signal.aborted) call.onPiece?.(said.piece);
    return;
  }
  calls.delete(said.id);
  if ("done" in said) call.resolve(said.done);
  else call.reject(fromFailure(said.failed));
}

let nextId = 0;

interface OpenWorker<Piece, Done> extends EndableWorker {
  readonly calls: Map<number, Call<Piece, Done>>;
  readonly patience: number;
}

async function runOn<Job, Piece, Done>(
  { worker, end, calls, patience }: OpenWorker<Piece, Done>,
  job: Job,
  options: RunOptions<Piece>,
): Promise<Done> {
  const { signal, transfer = [] } = options;
  if (signal.aborted) throw noLongerWanted();
  const id = nextId++;
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const { promise, resolve, reject } = Promise.withResolvers<Done>();
  let timer: NodeJS.Timeout | undefined;
  const cancel = () => {
    Atomics.store(flag, 0, 1);
    worker.postMessage({ cancel: id } satisfies CancelMessage);
    timer = setTimeout(() => void end(), patience).unref();
  };
  signal.addEventListener("abort", cancel, { once: true });
  calls.set(id, { ...options, resolve, reject });
  try {
    worker.postMessage({ id, job, flag } satisfies JobMessage<Job>, transfer);
    return await promise;
  } finally {
    calls.delete(id);
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
  }
}
