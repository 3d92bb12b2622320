/** Opens a checkpoint in a worker of the page. */
import type { Given, JobKind, ModelCard, Result } from "../jobs/job.ts";
import { errorOf, type FromWorker, type OpenInPage, type ToWorker } from "./messages.ts";
import type { Loading, RunOptions, StudioModel } from "./model.ts";

export interface OpenInPageOptions extends OpenInPage {
  /** The address of the built worker.ts. */
  readonly worker: URL;
  readonly onLoading?: (loading: Loading) => void;
  /** Hears the addresses of the files that the model was made of. */
  readonly onLoaded?: (urls: readonly string[]) => void;
}

interface Call {
  resolve(result: Result<JobKind>): void;
  reject(error: Error): void;
}

/** Rejects with a UserError that says what is wrong with the folder. */
export async function openInPage({
  worker: script,
  onLoading,
  onLoaded,
  ...open
}: OpenInPageOptions): Promise<StudioModel> {
  const worker = new Worker(script, { type: "module" });
  const say = (message: ToWorker) => worker.postMessage(message);
  const calls = new Map<number, Call>();
  const opening = Promise.withResolvers<ModelCard>();
  const fail = (error: Error) => {
    opening.reject(error);
    for (const { reject } of calls.values()) reject(error);
    calls.clear();
  };
  worker.addEventListener("error", (event) => {
    event.preventDefault(); // It is told to those who wait.
    fail(new Error(`the model's worker failed: ${event.message ?? "its script cannot be loaded"}`));
  });
  worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
    if ("loading" in data) onLoading?.(data.loading);
    else if ("card" in data) {
      onLoaded?.(data.loaded);
      opening.resolve(data.card);
    } else if ("unopened" in data) opening.reject(errorOf(data.unopened));
    else settle(calls, data);
  });
  say({ open });
  const card = await opening.promise.catch((error) => {
    worker.terminate();
    throw error;
  });
  let next = 0;
  return {
    card,
    run: <K extends JobKind>(kind: K, given: Given<K>, { signal }: RunOptions = {}) => {
      signal?.throwIfAborted();
      const id = next++;
      const { promise, resolve, reject } = Promise.withResolvers<Result<K>>();
      calls.set(id, { resolve: resolve as Call["resolve"], reject });
      const cancel = () => {
        say({ cancel: id });
        if (calls.delete(id)) reject(signal?.reason);
      };
      signal?.addEventListener("abort", cancel, { once: true });
      say({ id, kind, given });
      return promise.finally(() => signal?.removeEventListener("abort", cancel));
    },
    async close() {
      fail(new DOMException("the model was closed", "AbortError"));
      worker.terminate();
    },
  };
}

function settle(calls: Map<number, Call>, said: Extract<FromWorker, { id: number }>): void {
  const call = calls.get(said.id);
  if (call === undefined) return;
  calls.delete(said.id);
  if ("failed" in said) call.reject(errorOf(said.failed));
  else call.resolve(said.result);
}
