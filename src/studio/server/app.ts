/**
 * The addresses of Studio's server:
 *
 *     /  and the files of the built page          studio.json: what this server shows
 *     /models/NAME/...  checkpoints that run in the page
 *     /api/...          models, data, runs and boards of this machine: one app each, given by whoever starts it
 *     /healthz          whether it answers, for programs; asks for no token
 *
 * Each is behind the same checks: guard.ts says who may ask, headers.ts what a browser may do with the answer.
 */
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { ApiError } from "../../serve/api-error.ts";
import { type HeldBytes, heldBytes } from "../../serve/body.ts";
import { checkCaller, defaultCallerRules } from "../../serve/hosts.ts";
import type { Setup } from "../page/studio.ts";
import { errorReply, jsonError, notFound } from "./errors.ts";
import { filesBelow } from "./files.ts";
import { type GuardOptions, guard } from "./guard.ts";
import { safeHeaders } from "./headers.ts";
import { limits } from "./limits.ts";

export interface StudioAppOptions extends Partial<GuardOptions> {
  /** The folder of the built page. */
  readonly site: string;
  readonly setup: Setup;
  /** Folders of checkpoints that run in the page, by their names under `models/`. */
  readonly models: ReadonlyMap<string, string>;
  /** Apps by their names under `api/`. */
  readonly parts?: Readonly<Record<string, Hono>>;
  /** OpenAI's API, under `v1/`. */
  readonly api?: Hono;
  /** Hears of failures that are nobody's mistake. */
  readonly onFailure?: (error: unknown) => void;
}

/** What an app of {@link StudioAppOptions.parts} finds in its context. */
export interface StudioVariables {
  Variables: { held: HeldBytes };
}

export function createStudioApp(options: StudioAppOptions): Hono<StudioVariables> {
  const { site, setup, models, parts = {}, onFailure, token, tokenNeeded } = options;
  const callers = options.callers ?? defaultCallerRules;
  const held = heldBytes(limits.held);
  const app = new Hono<StudioVariables>();
  app.onError(errorReply(onFailure));
  app.notFound((context) => jsonError(context, notFound(`${context.req.method} ${shortPath(context)}`)));
  app.use(safeHeaders);
  app.get("/healthz", (context) => {
    checkCaller(context.req.raw, callers);
    return context.json({ status: "ok" });
  });
  app.use(
    guard({
      callers,
      ...(token !== undefined && { token }),
      ...(tokenNeeded !== undefined && { tokenNeeded }),
    }),
  );
  if (callers.allowOrigins.length > 0) app.use(cors({ origin: [...callers.allowOrigins] }));
  app.use(async (context, next) => {
    context.set("held", held);
    await next();
  });
  app.get("/studio.json", (context) => context.json(setup));
  for (const [name, part] of Object.entries(parts)) app.route(`/api/${name}`, part);
  const { api } = options;
  if (api !== undefined) app.all("/v1/*", (context) => api.fetch(context.req.raw, context.env));
  for (const [name, folder] of models)
    app.use(`/models/${name}/*`, filesBelow(`/models/${encodeURIComponent(name)}/`, folder));
  for (const path of ["/parts/*", "/fonts/*"])
    app.use(path, filesBelow("/", site, { page: true, cache: forGood }));
  app.use("/*", filesBelow("/", site, { page: true, index: "index.html" }));
  app.all("/*", (context, next) => {
    if (["GET", "HEAD"].includes(context.req.method)) return next();
    throw wrongMethod(context);
  });
  return app;
}

/** Names with a hash of their content. */
const forGood = "public, max-age=31536000, immutable";

const shortPath = (context: Context) => context.req.path.slice(0, 100);

function wrongMethod(context: Context): ApiError {
  return new ApiError(`${shortPath(context)} takes GET, got ${context.req.method}`, {
    status: 405,
    code: "method_not_allowed",
    headers: { Allow: "GET, HEAD" },
  });
}
