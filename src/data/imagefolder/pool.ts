import { Worker } from "node:worker_threads";
import { deserialiseError, type SerialisedError } from "../../common/errors.ts";
import { nextMessage } from "../../common/threads.ts";
import type { Chunk, Range } from "./chunk.ts";
import type { Recipe } from "./recipe.ts";

/** What a worker answers: its chunk, or the message of a mistake. */
export type Reply = { readonly chunk: Chunk } | { readonly mistake: SerialisedError };

/** Makes the ranges on several threads and yields their chunks in the order of the ranges. */
export async function* workerPool(
  recipe: Recipe,
  folder: string,
  ranges: readonly Range[],
  count: number,
): AsyncGenerator<Chunk> {
  const workers = Array.from(
    { length: Math.min(count, ranges.length) },
    () => new Worker(new URL("./worker.ts", import.meta.url), { workerData: { recipe, folder } }),
  );
  try {
    const pending = ranges.map(() => Promise.withResolvers<Chunk>());
    for (const { promise } of pending) promise.catch(() => {}); // Seen when its turn comes.
    let next = 0;
    const work = async (worker: Worker) => {
      while (next < ranges.length) {
        const turn = next++;
        await ask(worker, ranges[turn]).then(pending[turn].resolve, pending[turn].reject);
      }
    };
    for (const worker of workers) void work(worker);
    for (const { promise } of pending) yield await promise;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Sends a range to a worker and waits for its chunk; rejects when the worker fails or dies. */
async function ask(worker: Worker, range: Range): Promise<Chunk> {
  worker.postMessage(range);
  const reply = await nextMessage<Reply>(worker);
  if ("chunk" in reply) return reply.chunk;
  throw deserialiseError(reply.mistake);
}
