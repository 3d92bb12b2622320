import { createHash, timingSafeEqual } from "node:crypto";
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { ApiError, asApiError, errorBody, goingDown, unknownModel } from "./api-error.ts";
import { heldBytes } from "./body.ts";
import { generated } from "./completions.ts";
import { type CallerRules, checkCaller, defaultCallerRules } from "./hosts.ts";
import { type Counts, countAnswer, metricsText, metricsType, newCounts } from "./metrics.ts";
import { openApi } from "./openapi.ts";
import { modelBody } from "./replies/chat.ts";
import { defaultImageRules, type ImageRules } from "./requests/limits.ts";
import type { Api } from "./requests/request.ts";
import type { Answered, ServedModel } from "./served.ts";

export interface AppOptions {
  /** Key that clients must send as `Authorization: Bearer KEY`; none: everybody may ask. */
  readonly apiKey?: string;
  /** Bytes of a request; default 32 MiB. */
  readonly maxBody?: number;
  /** Bytes of all requests that came and are not answered; default 256 MiB. */
  readonly maxHeld?: number;
  readonly images?: Partial<ImageRules>;
  /** By which names and from which pages it may be called; default: from this machine. */
  readonly callers?: Partial<CallerRules>;
  /** Aborts every answer when the server goes down. */
  readonly down?: AbortSignal;
  /** A line for each request: method, path, status, tokens. Never what was asked or answered. */
  readonly onRequest?: (line: string) => void;
  readonly onFailure?: (error: unknown) => void;
}

/** The API over one model, as a function from requests to responses. */
export function createApp(served: ServedModel, options: AppOptions = {}): Hono {
  const { maxBody = 32 * 2 ** 20, down = new AbortController().signal, onFailure, apiKey } = options;
  const images = { ...defaultImageRules, ...options.images };
  const held = heldBytes(options.maxHeld ?? 256 * 2 ** 20);
  const counts = newCounts();
  const app = new Hono();
  app.onError((error, c) => failed(error, c, options));
  app.notFound((c) => errorResponse(c, unknownAddress(c)));
  app.use(requestLog(options, counts));
  app.use(callerCheck(options));
  for (const path of ["/health", "/healthz"])
    app.get(path, (c) => c.json({ status: "ok", busy: served.busy }));
  if (apiKey !== undefined) for (const path of ["/v1/*", "/metrics"]) app.use(path, keyCheck(apiKey));
  app.get("/metrics", (c) => c.body(metricsText(counts, served, held), 200, { "Content-Type": metricsType }));
  app.get("/openapi.json", (c) => c.json(openApi()));
  app.get("/v1/models", (c) => c.json({ object: "list", data: [modelBody(served)] }));
  app.get("/v1/models/:id{.+}", (c) => {
    const id = c.req.param("id");
    if (id !== served.id) throw unknownModel(id, served.id);
    return c.json(modelBody(served));
  });
  for (const [path, api] of generating)
    app.post(path, (c) => {
      const onAnswer = (answered: Answered) => {
        answers.set(c, answered);
        countAnswer(counts, answered);
      };
      const onStreamEnd = () => {
        if (!answers.has(c)) counts.brokenOff++;
        log(c, options, answers.has(c) ? "" : " broken off");
      };
      const events = { onAnswer, onStreamEnd, ...(onFailure && { onFailure }) };
      return generated(c, served, { api, images, maxBody, held, down, ...events });
    });
  for (const [path, method] of methods) app.all(path, (c) => errorResponse(c, wrongMethod(c, method)));
  return app;
}

/** Addresses that generate, and as which API they are read. */
const generating = [
  ["/v1/chat/completions", "chat"],
  ["/v1/completions", "completions"],
  ["/v1/responses", "responses"],
] as const satisfies readonly (readonly [string, Api])[];

const methods = [
  ["/openapi.json", "GET"],
  ["/health", "GET"],
  ["/healthz", "GET"],
  ["/metrics", "GET"],
  ["/v1/models", "GET"],
  ["/v1/models/:id{.+}", "GET"],
  ...generating.map(([path]) => [path, "POST"] as const),
] as const;

/** Before anything else is looked at. Pages of allowed origins may read the answers. */
function callerCheck({ down, ...options }: AppOptions) {
  const rules = { ...defaultCallerRules, ...options.callers };
  const allowed = new Set(rules.allowOrigins);
  const share = cors({
    origin: (origin) => (allowed.has(origin.toLowerCase()) ? origin : null),
    allowMethods: ["GET", "POST"],
    exposeHeaders: ["Retry-After"],
    maxAge: 600,
  });
  return async (c: Context, next: () => Promise<void>) => {
    if (down?.aborted) throw goingDown();
    checkCaller(c.req.raw, rules);
    return allowed.size === 0 ? next() : share(c, next);
  };
}

function keyCheck(apiKey: string) {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  const wanted = hash(apiKey);
  return async (c: Context, next: () => Promise<void>) => {
    const [, key] = /^Bearer\s+(\S+)\s*$/i.exec(c.req.header("authorization") ?? "") ?? [];
    if (key === undefined)
      throw new ApiError("You must send an API key as Authorization: Bearer KEY", unauthorised(null));
    if (!timingSafeEqual(hash(key), wanted))
      throw new ApiError("The API key is not the one of this server", unauthorised("invalid_api_key"));
    await next();
  };
}

const unauthorised = (code: string | null) => ({
  status: 401,
  headers: { "WWW-Authenticate": "Bearer" },
  ...(code !== null && { code }),
});

function unknownAddress(c: Context): ApiError {
  return new ApiError(`Unknown address: ${c.req.method} ${c.req.path}`, {
    status: 404,
    code: "unknown_url",
  });
}

function wrongMethod(c: Context, method: string): ApiError {
  const headers = { Allow: method };
  return new ApiError(`${c.req.path} takes ${method}, got ${c.req.method}`, {
    status: 405,
    code: "method_not_allowed",
    headers,
  });
}

function failed(error: unknown, c: Context, { onFailure, down }: AppOptions): Response {
  if (error instanceof ApiError) return errorResponse(c, error);
  if (c.req.raw.signal.aborted) return new Response(null, { status: 499 }); // The client has gone.
  if (down?.aborted) return errorResponse(c, goingDown());
  onFailure?.(error);
  return errorResponse(c, asApiError(error));
}

function errorResponse(c: Context, error: ApiError): Response {
  const { status, headers = {} } = error.facts;
  return c.json(errorBody(error), status as ContentfulStatusCode, headers);
}

/** What was answered to a request, for its log line. */
const answers = new WeakMap<Context, Answered>();

function requestLog(options: AppOptions, { statuses }: Counts) {
  return async (c: Context, next: () => Promise<void>) => {
    await next();
    statuses.set(c.res.status, (statuses.get(c.res.status) ?? 0) + 1);
    if (!c.res.headers.get("content-type")?.startsWith("text/event-stream")) log(c, options);
  };
}

/** Characters of a path in a line. */
const longestPath = 200;

/** A line for a request that is done; a stream's when its last chunk is out. */
function log(c: Context, { onRequest }: AppOptions, end = ""): void {
  const answered = answers.get(c);
  const tokens = answered === undefined ? "" : ` ${answered.promptTokens} + ${answered.tokens} tokens`;
  onRequest?.(`${c.req.method} ${c.req.path.slice(0, longestPath)} ${c.res.status}${tokens}${end}`);
}
