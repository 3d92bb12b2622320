/**
 * Models of this machine over HTTP:
 *
 *     GET  /N/            a stream: how far it is with opening, then the model's card or why it cannot be opened
 *     POST /N/jobs/KIND   what is given, by wire.ts; a stream: progress, then the result or why there is none
 *
 * Who leaves the request leaves the line; a job that has begun ends, and nobody is told its result.
 */
import { type Context, Hono } from "hono";
import { UserError } from "../../common/errors.ts";
import { ApiError, asApiError, goingDown } from "../../serve/api-error.ts";
import { noLongerWanted } from "../../serve/failure.ts";
import { type Failure, failureOf } from "../models/messages.ts";
import type { Loading } from "../models/model.ts";
import { wireType } from "../models/remote.ts";
import type { SaidOfJob, SaidOfModel } from "../models/said.ts";
import { frame } from "../models/wire.ts";
import { readHeldBody } from "./bodies.ts";
import { notFound } from "./errors.ts";
import { limits } from "./limits.ts";
import type { LocalModel } from "./local-model.ts";
import { streamed } from "./streamed.ts";

export interface ModelsAppOptions {
  readonly models: readonly LocalModel[];
  /** Aborted when the server ends: whoever waits is told. */
  readonly down?: AbortSignal;
  readonly onFailure?: (error: unknown) => void;
}

export function createModelsApp({ models, down, onFailure }: ModelsAppOptions): Hono {
  const app = new Hono();
  const modelOf = (context: Context) => {
    const name = context.req.param("model") ?? "";
    const model = /^\d{1,3}$/.test(name) ? models[Number(name)] : undefined;
    if (model === undefined) throw notFound(`model ${JSON.stringify(name.slice(0, 60))}`);
    return model;
  };
  const tell = (error: unknown, signal: AbortSignal): Failure => {
    if (down?.aborted) return failureOf(new UserError(goingDown().message));
    if (error instanceof UserError || error instanceof ApiError)
      return { ...failureOf(error), isUserError: true };
    if (!signal.aborted) onFailure?.(error);
    return failureOf(asApiError(error));
  };
  const options = { ...(down && { down }) };
  app.get("/:model/", (context) => {
    const { card } = modelOf(context);
    return streamed(context, options, async ({ say, signal }) => {
      say(frame({ loading: { what: "opening", done: 0 } } satisfies SaidOfModel));
      const said = card.then(
        (open): SaidOfModel => ({ card: open }),
        (error): SaidOfModel => ({ unopened: tell(error, signal) }),
      );
      say(frame(await untilGone(said, signal)));
    });
  });
  app.post("/:model/jobs/:kind", async (context) => {
    const [model, kind] = [modelOf(context), context.req.param("kind")];
    model.mustHaveRoom();
    const { body, release } = await readHeldBody(context, limits.job, wireType);
    return streamed(context, options, async ({ say, signal }) => {
      const sayOf = (said: SaidOfJob) => say(frame(said));
      if (model.busy > 0) sayOf({ waiting: model.busy });
      try {
        const onProgress = (progress: Loading) => sayOf({ progress });
        say(new Uint8Array(await model.run({ kind, body }, { signal, onProgress })));
      } catch (error) {
        sayOf({ failed: tell(error, signal) });
      } finally {
        release();
      }
    });
  });
  return app;
}

/** Rejects once nobody listens: a model may take minutes to open. */
function untilGone<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: gone, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(noLongerWanted()), { once: true });
  return Promise.race([promise, gone]);
}
