import { createHash, timingSafeEqual } from "node:crypto";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { ApiError, asApiError, errorBody, goingDown } from "./api-error.ts";
import { chatCompletions, unknownModel } from "./completions.ts";
import { defaultImageRules, type ImageRules } from "./image.ts";
import { modelBody } from "./replies.ts";
import type { ServedModel } from "./served.ts";

export interface AppOptions {
  /** Key that clients must send as `Authorization: Bearer KEY`; none: everybody may ask. */
  readonly apiKey?: string;
  /** Bytes of a request; default 32 MiB. */
  readonly maxBody?: number;
  readonly images?: Partial<ImageRules>;
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
  const app = new Hono();
  app.onError((error, c) => failed(error, c, options));
  app.notFound((c) => errorResponse(c, unknownAddress(c)));
  app.use(requestLog(options));
  app.get("/healthz", (c) => c.json({ status: "ok", busy: served.busy }));
  if (apiKey !== undefined) app.use("/v1/*", keyCheck(apiKey));
  app.get("/v1/models", (c) => c.json({ object: "list", data: [modelBody(served)] }));
  app.get("/v1/models/:id{.+}", (c) => {
    const id = c.req.param("id");
    if (id !== served.id) throw unknownModel(id, served);
    return c.json(modelBody(served));
  });
  app.post(
    "/v1/chat/completions",
    bodyLimit({ maxSize: maxBody, onError: (c) => errorResponse(c, tooLarge(maxBody)) }),
    (c) => {
      const onAnswer = (prompt: number, { tokens }: { tokens: number }) =>
        tokenNotes.set(c, { prompt, tokens });
      const onStreamEnd = () => log(c, options, tokenNotes.has(c) ? "" : " broken off");
      const events = { onAnswer, onStreamEnd, ...(onFailure && { onFailure }) };
      return chatCompletions(c, served, { images, down, ...events });
    },
  );
  for (const [path, method] of methods) app.all(path, (c) => errorResponse(c, wrongMethod(c, method)));
  return app;
}

const methods = [
  ["/healthz", "GET"],
  ["/v1/models", "GET"],
  ["/v1/models/:id{.+}", "GET"],
  ["/v1/chat/completions", "POST"],
] as const;

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

function tooLarge(maxBody: number): ApiError {
  return new ApiError(`The request must have at most ${maxBody} bytes`, {
    status: 413,
    code: "request_too_large",
    headers: { Connection: "close" },
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

/** Tokens of a request's answer, for its log line. */
const tokenNotes = new WeakMap<Context, { readonly prompt: number; readonly tokens: number }>();

function requestLog(options: AppOptions) {
  return async (c: Context, next: () => Promise<void>) => {
    if (options.down?.aborted) throw goingDown();
    await next();
    if (!c.res.headers.get("content-type")?.startsWith("text/event-stream")) log(c, options);
  };
}

/** A line for a request that is done; a stream's when its last chunk is out. */
function log(c: Context, { onRequest }: AppOptions, end = ""): void {
  const note = tokenNotes.get(c);
  const tokens = note === undefined ? "" : ` ${note.prompt} + ${note.tokens} tokens`;
  onRequest?.(`${c.req.method} ${c.req.path} ${c.res.status}${tokens}${end}`);
}
