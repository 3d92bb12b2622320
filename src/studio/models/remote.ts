/** A model that runs on the server, as the page sees it. Leaving a job ends its request, which the server hears of. */
import type { Given, JobKind, ModelCard, Result } from "../jobs/job.ts";
import { answered } from "./answered.ts";
import { errorOf } from "./messages.ts";
import type { Loading, RunOptions, StudioModel } from "./model.ts";
import type { SaidOfJob, SaidOfModel } from "./said.ts";
import { encode, readFrames } from "./wire.ts";

export interface OpenRemoteOptions {
  /** The model's address: `api/models/0/`. */
  readonly address: URL;
  readonly onLoading?: (loading: Loading) => void;
  /** How requests are sent; default `fetch`. */
  readonly send?: (address: URL, init?: RequestInit) => Promise<Response>;
}

/** Bytes of a message of the server: all layers and heads of a large model are some hundred million. */
const most = 2 ** 30;

/** Waits until the server has opened the model. Rejects with a UserError that says why it could not. */
export async function openRemote({
  address,
  onLoading,
  send = (to, init) => fetch(to, init),
}: OpenRemoteOptions): Promise<StudioModel> {
  const closed = new AbortController();
  const ask = async (path: string, init: RequestInit) => {
    const { body } = await answered(send(new URL(path, address), init), init.signal);
    return readFrames(body as NonNullable<typeof body>, most);
  };
  const card = await opened(await ask("", { signal: closed.signal }), onLoading);
  return {
    card,
    async run<K extends JobKind>(kind: K, given: Given<K>, { signal, onProgress }: RunOptions = {}) {
      const either = AbortSignal.any([closed.signal, ...(signal ? [signal] : [])]);
      either.throwIfAborted();
      const init = { method: "POST", body: encode(given), headers: { "Content-Type": wireType } };
      const said = (await ask(`jobs/${kind}`, { ...init, signal: either })) as AsyncIterable<SaidOfJob>;
      return (await resultOf(said, either, onProgress)) as Result<K>;
    },
    async close() {
      closed.abort(new Error("the model was closed"));
    },
  };
}

export const wireType = "application/x-fovea";

async function opened(
  said: AsyncIterable<unknown>,
  onLoading: ((loading: Loading) => void) | undefined,
): Promise<ModelCard> {
  for await (const one of said as AsyncIterable<SaidOfModel>) {
    if ("card" in one) return one.card;
    if ("unopened" in one) throw errorOf(one.unopened);
    onLoading?.(one.loading);
  }
  throw new Error("Fovea's server went while it opened the model");
}

async function resultOf(
  said: AsyncIterable<SaidOfJob>,
  signal: AbortSignal,
  onProgress: RunOptions["onProgress"],
): Promise<Result<JobKind>> {
  try {
    for await (const one of said) {
      if ("result" in one) return one.result;
      if ("failed" in one) throw errorOf(one.failed);
      if ("progress" in one) onProgress?.(one.progress);
      else onProgress?.({ what: `waiting, ${one.waiting} before it`, done: 0 });
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
  throw new Error("Fovea's server went before it had the result");
}
