/** Threads that answer. */
import { once } from "node:events";
import type { Worker } from "node:worker_threads";

/** The next message of a thread; rejects when it fails, or ends without a word. */
export async function nextMessage<T>(worker: Worker): Promise<T> {
  const settled = new AbortController();
  const { signal } = settled;
  const ended = once(worker, "exit", { signal }).then(([code]) => {
    throw new Error(`a thread ended without an answer, code ${code}`);
  });
  try {
    const [message] = await Promise.race([once(worker, "message", { signal }), ended]);
    return message as T;
  } finally {
    ended.catch(() => {});
    settled.abort();
  }
}
