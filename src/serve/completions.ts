import type { Context } from "hono";
import { ApiError, asApiError, errorBody, goingDown } from "./api-error.ts";
import { type HeldBytes, incomingBody, readBody } from "./body.ts";
import { eventStream } from "./event-stream.ts";
import { joined, type ReplyWriter } from "./replies/reply.ts";
import { replyWriter } from "./replies/writer.ts";
import type { ImageRules } from "./requests/limits.ts";
import type { ReadRequest } from "./requests/read-request.ts";
import type { Api } from "./requests/request.ts";
import type { Answered, Piece, ServedModel } from "./served.ts";
import { type JoinedSignal, joinedSignal } from "./signals.ts";

export interface CompletionOptions {
  /** Which address it is. */
  readonly api: Api;
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

/** `POST` of an address that generates. */
export async function generated(
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
    const call: Call = { served, request, options, gone, writer: replyWriter(served.id, request) };
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
  readonly writer: ReplyWriter;
}

/** All that was said, once the answers are complete. */
async function generate({ served, request, options, gone }: Call, onPiece: (piece: Piece) => void) {
  const pieces: Piece[] = [];
  const answered = await served.answer(request, {
    signal: gone.signal,
    onPiece(piece) {
      pieces.push(piece);
      onPiece(piece);
    },
  });
  options.onAnswer?.(answered);
  return { said: joined(pieces, request.choices), answered };
}

async function whole(call: Call): Promise<object> {
  const { said, answered } = await generate(call, () => {});
  return call.writer.whole(said, answered);
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
  const { options, gone, writer } = call;
  const events = eventStream<object | "[DONE]", Piece>(writer.pieces, gone.abort);
  const begun = Promise.withResolvers<void>();
  let isBegun = false;
  const begin = () => {
    if (!isBegun) for (const event of writer.begin()) events.send(event);
    isBegun = true;
    begun.resolve();
  };
  const speak = async () => {
    const { said, answered } = await generate(call, (piece) => {
      begin();
      events.say(piece);
    });
    for (const event of writer.end(said, answered)) events.send(event);
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
