/**
 * A request's body to a request whose limits were checked and whose pictures are known by their headers:
 *
 *     readRequest(body, rules, signal) -> ReadRequest, or an ApiError 400 (404 for another model)
 *
 * Takes as long as the body is large, so it runs in a thread of its own (reader-thread.ts).
 */
import { UserError } from "../../common/errors.ts";
import { parseJson } from "../../common/json.ts";
import { ApiError, badRequest, unknownModel } from "../api-error.ts";
import { parseChatRequest } from "./chat.ts";
import { parseCompletionsRequest } from "./completions.ts";
import { imageOf } from "./image.ts";
import type { ImageRules, RequestLimits } from "./limits.ts";
import type { ReadMessage, ReadPart, ReadRequest } from "./read-request.ts";
import type { Api, GenerationRequest, RequestMessage } from "./request.ts";
import { parseResponsesRequest } from "./responses.ts";

export interface ReadRules {
  /** Which address it came to. */
  readonly api: Api;
  /** The only model there is. */
  readonly model: string;
  readonly limits: RequestLimits;
  readonly images: ImageRules;
}

const parsers: Readonly<Record<Api, (json: unknown, limits: RequestLimits) => GenerationRequest>> = {
  chat: parseChatRequest,
  completions: parseCompletionsRequest,
  responses: parseResponsesRequest,
};

export async function readRequest(
  body: Uint8Array,
  { api, model, limits, images }: ReadRules,
  signal: AbortSignal,
): Promise<ReadRequest> {
  const { prompt, ...request } = parsers[api](jsonOf(body, limits), limits);
  if (request.model !== model) throw unknownModel(request.model, model);
  if ("text" in prompt) return { ...request, prompt };
  const messages = await readPictures(prompt.messages, images, signal);
  return { ...request, prompt: { ...prompt, messages } };
}

async function readPictures(
  given: readonly RequestMessage[],
  images: ImageRules,
  signal: AbortSignal,
): Promise<ReadMessage[]> {
  const messages: ReadMessage[] = [];
  let pixels = 0;
  for (const { role, parts } of given) {
    const read: ReadPart[] = [];
    for (const part of parts) {
      signal.throwIfAborted();
      const done = part.type === "text" ? part : await imageOf(part.url, part.param, images, signal);
      read.push(done);
      if (done.type === "image") pixels += done.width * done.height;
      mustFit(pixels, images);
    }
    messages.push({ role, parts: read });
  }
  return messages;
}

function mustFit(pixels: number, { maxTotalPixels }: ImageRules): void {
  if (pixels <= maxTotalPixels) return;
  const rule = `must have at most ${maxTotalPixels / 1e6} million pixels in all pictures together`;
  throw badRequest(`messages: ${rule}`, "messages", "image_too_large");
}

function jsonOf(body: Uint8Array, { maxValues }: RequestLimits): unknown {
  const text = new TextDecoder().decode(body);
  if (hasMoreValues(text, maxValues))
    throw new ApiError(`The body must hold at most ${maxValues} values`, {
      status: 400,
      code: "request_too_complex",
    });
  try {
    return parseJson(text, "The body");
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    throw new ApiError(cause.message, { status: 400, code: "invalid_json", cause });
  }
}

/** Whether more commas and opening brackets stand outside of texts. */
function hasMoreValues(text: string, most: number): boolean {
  let count = 0;
  for (let at = 0; at < text.length && count <= most; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfText(text, at);
    else if (code === 0x2c || code === 0x5b || code === 0x7b) count++;
  }
  return count > most;
}

/** The place of the closing quote of the text that begins at `from`. */
function endOfText(text: string, from: number): number {
  for (let at = from + 1; ; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return at;
  }
}
