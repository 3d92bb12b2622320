import type { Context } from "hono";
import { ApiError, asApiError, errorBody, goingDown } from "./api-error.ts";
import type { ImageRules } from "./image.ts";
import { type Prompt, promptOf } from "./prompt.ts";
import { chunkWriter, completionBody, newCompletion, usageOf } from "./replies.ts";
import { type ChatRequest, parseChatRequest } from "./request.ts";
import type { Answered, ServedModel } from "./served.ts";

export interface CompletionOptions {
  readonly images: ImageRules;
  /** Aborts every answer: the server goes down. */
  readonly down: AbortSignal;
  /** Called when an answer is complete. */
  readonly onAnswer?: (promptTokens: number, answered: Answered) => void;
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
  const request = parseChatRequest(await jsonOf(c));
  if (request.model !== served.id) throw unknownModel(request.model, served);
  const prompt = await promptOf(served.vlm, request, options.images);
  const call: Call = { served, request, prompt, options, signal: c.req.raw.signal };
  return request.stream ? streamed(call) : c.json(await whole(call));
}

/** A 404 that says which model there is. */
export function unknownModel(id: string, served: ServedModel): ApiError {
  const message = `The model ${JSON.stringify(id)} does not exist; this server has ${JSON.stringify(served.id)}`;
  return new ApiError(message, { status: 404, param: "model", code: "model_not_found" });
}

async function jsonOf(c: Context): Promise<unknown> {
  const type = c.req.header("content-type") ?? "nothing";
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw new ApiError(`The content type must be application/json, got ${type}`, {
      status: 415,
      code: "unsupported_media_type",
    });
  try {
    return await c.req.json();
  } catch (cause) {
    const why = cause instanceof SyntaxError ? cause.message : "the body ended early";
    throw new ApiError(`The body must be JSON: ${why}`, { status: 400, code: "invalid_json", cause });
  }
}

interface Call {
  readonly served: ServedModel;
  readonly request: ChatRequest;
  readonly prompt: Prompt;
  readonly options: CompletionOptions;
  /** Aborted when the client goes. */
  readonly signal: AbortSignal;
}

async function generate(call: Call, onText: (text: string) => void, gone: AbortSignal): Promise<Answered> {
  const { served, request, prompt, options } = call;
  const { stop, temperature, topP, seed } = request;
  const sampling = { temperature, topP, ...(seed !== undefined && { seed }) };
  const signal = AbortSignal.any([gone, options.down]);
  const answered = await served.answer(prompt, { ...sampling, stop, signal, onText });
  options.onAnswer?.(prompt.row.ids.length, answered);
  return answered;
}

async function whole(call: Call) {
  let content = "";
  const append = (text: string) => {
    content += text;
  };
  const answered = await generate(call, append, call.signal);
  const usage = usageOf(call.prompt.row.ids.length, answered);
  return completionBody(newCompletion(call.served), content, answered, usage);
}

const eventStream = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-cache",
  // Without it the adapter would wait for a second chunk before it sends the first.
  "Transfer-Encoding": "chunked",
  "X-Accel-Buffering": "no",
};

/** Answers once the model has begun to speak, so that what fails before has a status of its own. */
async function streamed(call: Call): Promise<Response> {
  const { options } = call;
  const left = new AbortController();
  const gone = AbortSignal.any([call.signal, left.signal]);
  const begun = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (data: object | "[DONE]") => controller.enqueue(event(data));
      const ended = speak(call, send, begun.resolve, gone);
      ended.catch(begun.reject); // Of no effect once it has begun.
      const finish = async () => {
        await ended.catch((error) => gone.aborted || send(failure(error, options)));
        if (!gone.aborted) controller.close();
        options.onStreamEnd?.();
      };
      begun.promise.then(finish).catch(() => {}); // What failed before is thrown below.
    },
    cancel: () => left.abort(),
  });
  await begun.promise;
  return new Response(body, { headers: eventStream });
}

async function speak(
  call: Call,
  send: (data: object | "[DONE]") => void,
  begin: () => void,
  gone: AbortSignal,
) {
  const { served, request, prompt } = call;
  const chunk = chunkWriter(newCompletion(served), request.includeUsage);
  let begun = false;
  const onText = (text: string) => {
    if (!begun) send(chunk.delta({ role: "assistant", content: "", refusal: null }));
    begun = true;
    begin();
    if (text !== "") send(chunk.delta({ content: text }));
  };
  const answered = await generate(call, onText, gone);
  send(chunk.delta({}, answered.finish));
  if (request.includeUsage) send(chunk.usage(usageOf(prompt.row.ids.length, answered)));
  send("[DONE]");
}

function failure(error: unknown, { onFailure, down }: CompletionOptions) {
  if (down.aborted) return errorBody(goingDown());
  if (!(error instanceof ApiError)) onFailure?.(error);
  return errorBody(asApiError(error));
}

/** One server-sent event. */
function event(data: object | "[DONE]"): Uint8Array {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return new TextEncoder().encode(`data: ${text}\n\n`);
}
