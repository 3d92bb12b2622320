import type { Context } from "hono";
import { ApiError, asApiError, errorBody, goingDown } from "./api-error.ts";
import { type HeldBytes, incomingBody, readBody } from "./body.ts";
import { eventStream } from "./event-stream.ts";
import type { ImageRules } from "./limits.ts";
import type { ReadRequest } from "./read-request.ts";
import { chunkWriter, completionBody, newCompletion, usageOf } from "./replies.ts";
import type { Answered, ServedModel } from "./served.ts";
import { type JoinedSignal, joinedSignal } from "./signals.ts";

export interface CompletionOptions {
  readonly images: ImageRules;
  /** Bytes of a request. */
  readonly maxBody: number;
  readonly held: HeldBytes;
  /** Aborts every answer: the server goes down. */
  readonly down: AbortSignal;
  /** Called when an answer is complete. */
  readonly onAnswer?: (answered: Answered) => void;
  /** Called when a stream ends, complete or not. */
  readonly onStreamEnd?: () => void;
  /** Called for failures that are not the client's. */
  readonly onFailure?: (error: unknown) => void;
}

/** `POST /v1/chat/completions` */
export async function chatCompletions(
  c: Context,
  served: ServedModel,
  options: CompletionOptions,
): Promise<Response> {
  mustBeJson(c);
  served.mustHaveRoom();
  const share = options.held.share();
  const gone = joinedSignal([c.req.raw.signal, options.down]);
  const release = () => {
    share.release();
    gone.release();
  };
  try {
    const body = await readBody(incomingBody(c.req.raw, c.env?.incoming), options.maxBody, share);
    const request = await served.read(body, options, gone.signal);
    const call: Call = { served, request, options, gone };
    if (request.stream) return await streamed(call, release);
    const reply = c.json(await whole(call));
    release();
    return reply;
  } catch (error) {
    release();
    throw error;
  }
}

function mustBeJson(c: Context): void {
  const type = c.req.header("content-type") ?? "nothing";
  if (/^application\/json\s*(;|$)/i.test(type)) return;
  throw new ApiError(`The content type must be application/json, got ${type}`, {
    status: 415,
    code: "unsupported_media_type",
  });
}

interface Call {
  readonly served: ServedModel;
  readonly request: ReadRequest;
  readonly options: CompletionOptions;
  /** Aborted when the client goes or the server does. */
  readonly gone: JoinedSignal;
}

async function generate(
  { served, request, options, gone }: Call,
  onText: (text: string) => void,
): Promise<Answered> {
  const answered = await served.answer(request, { signal: gone.signal, onText });
  options.onAnswer?.(answered);
  return answered;
}

async function whole(call: Call) {
  let content = "";
  const answered = await generate(call, (text) => {
    content += text;
  });
  return completionBody(newCompletion(call.served), content, answered);
}

const eventStreamHeaders = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-cache",
  // Without it the adapter would wait for a second chunk before it sends the first.
  "Transfer-Encoding": "chunked",
  "X-Accel-Buffering": "no",
};

/** Answers once the model has begun to speak, so that what fails before has a status of its own. */
async function streamed(call: Call, release: () => void): Promise<Response> {
  const { options, gone, served, request } = call;
  const chunk = chunkWriter(newCompletion(served), request.includeUsage);
  const events = eventStream<object | "[DONE]">((text) => chunk.delta({ content: text }), gone.abort);
  const begun = Promise.withResolvers<void>();
  let isBegun = false;
  const begin = () => {
    if (!isBegun) events.send(chunk.delta({ role: "assistant", content: "", refusal: null }));
    isBegun = true;
    begun.resolve();
  };
  const speak = async () => {
    const answered = await generate(call, (text) => {
      begin();
      events.say(text);
    });
    events.send(chunk.delta({}, answered.finish));
    if (request.includeUsage) events.send(chunk.usage(usageOf(answered)));
    events.send("[DONE]");
  };
  const finish = async (error?: unknown) => {
    release();
    if (!isBegun) return begun.reject(error);
    if (error !== undefined && !hasLeft(call)) events.send(failure(error, options));
    if (!hasLeft(call)) events.close();
    options.onStreamEnd?.();
  };
  void speak().then(() => finish(), finish);
  await begun.promise;
  return new Response(events.body, { headers: eventStreamHeaders });
}

/** Whether the client went, rather than the server. */
function hasLeft({ gone, options }: Call): boolean {
  return gone.signal.aborted && !options.down.aborted;
}

function failure(error: unknown, { onFailure, down }: CompletionOptions) {
  if (down.aborted) return errorBody(goingDown());
  if (!(error instanceof ApiError)) onFailure?.(error);
  return errorBody(asApiError(error));
}
