/** The thread's side of thread.ts: opens what the jobs need, then does those that it is sent. */
import { parentPort, type TransferListItem } from "node:worker_threads";
import { noLongerWanted, toFailure } from "./failure.ts";
import type { CancelMessage, JobMessage, ThreadMessage } from "./thread.ts";

/** What a job may ask and say while it is done. */
export interface JobContext<Piece> {
  /** Throws once the job is no longer wanted: called between two steps of work. */
  goOn(): void;
  /** Aborted then, as soon as this thread is free to hear of it: for work that waits. */
  readonly signal: AbortSignal;
  say(piece: Piece): void;
}

export interface JobResult<Done> {
  readonly done: Done;
  /** Buffers that go to the other thread without a copy. */
  readonly transfer?: readonly TransferListItem[];
}

export interface JobRoom<Opened, Job, Piece, Done> {
  /** What the other thread is told of it. */
  readonly opened: Opened;
  handle(job: Job, context: JobContext<Piece>): Promise<JobResult<Done>>;
}

/** Jobs begin in the order in which they come; one that waits for something lets the next begin. */
export async function answerJobs<Opened, Job, Piece, Done>(
  open: () => Promise<JobRoom<Opened, Job, Piece, Done>>,
): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error("answerJobs: must be called in a worker thread");
  const say = (message: ThreadMessage<Opened, Piece, Done>, transfer?: readonly TransferListItem[]) =>
    port.postMessage(message, transfer ?? []);
  const running = new Map<number, AbortController>();
  const room = open();
  port.on("message", async (said: JobMessage<Job> | CancelMessage) => {
    if ("cancel" in said) return running.get(said.cancel)?.abort(noLongerWanted());
    const { id, job, flag } = said;
    const controller = new AbortController();
    running.set(id, controller);
    const goOn = () => {
      if (Atomics.load(flag, 0) !== 0) throw noLongerWanted();
    };
    try {
      goOn();
      const context = { goOn, signal: controller.signal, say: (piece: Piece) => say({ id, piece }) };
      const { done, transfer } = await (await room).handle(job, context);
      say({ id, done }, transfer);
    } catch (error) {
      say({ id, failed: toFailure(error) });
    } finally {
      running.delete(id);
    }
  });
  await room.then(
    ({ opened }) => say({ opened }),
    (error) => say({ unopened: toFailure(error) }),
  );
}
