/**
 * The request of OpenAI's chat completions (platform.openai.com/docs/api-reference/chat), read from JSON:
 *
 *     parseChatRequest(json, limits) -> GenerationRequest, or an ApiError 400 that names the field
 *
 * What would change an answer and is not supported is refused, never passed over.
 */
import * as z from "zod";
import { badRequest } from "../api-error.ts";
import {
  choices,
  flag,
  mapFields,
  mapsOf,
  maxTokensOf,
  mostAlternatives,
  mustBeFew,
  mustBeObject,
  mustBeShort,
  type Neutral,
  parsed,
  passing,
  refuseUnsupported,
  samplingFields,
  samplingOf,
  stop,
  templateFields,
  text,
  unsupported,
  variablesOf,
  whole,
} from "./fields.ts";
import type { RequestLimits } from "./limits.ts";
import type { GenerationRequest, RequestMessage, RequestPart } from "./request.ts";

const imageUrl = z.object(
  { url: text, detail: z.unknown().optional() },
  { error: "must be an object with a url" },
);
const textPart = z.object({ type: z.literal("text"), text });
const imagePart = z.object({ type: z.literal("image_url"), image_url: imageUrl });
const parts = z.array(
  z.discriminatedUnion("type", [textPart, imagePart], {
    error: 'must be an object of type "text" or "image_url"',
  }),
);
/** Who speaks in a message. */
export const roles = ["system", "developer", "user", "assistant"] as const;
const message = z.object(
  {
    role: z.enum(roles, { error: `must be one of ${roles.join(", ")}` }),
    content: z.union([text, parts], { error: "must be a string or a list of parts" }),
    tool_calls: z.array(z.unknown()).max(0, { error: "tools are not supported" }).nullish(),
  },
  { error: "must be an object with role and content" },
);

export const streamOptions = z.object(
  { include_usage: flag.nullish(), include_obfuscation: z.literal(false).nullish() },
  { error: "must be an object" },
);

const bookkeeping = [
  "keep_alive",
  "metadata",
  "parallel_tool_calls",
  "prompt_cache_key",
  "prompt_cache_retention",
  "safety_identifier",
  "service_tier",
  "store",
  "user",
] as const;

const neutral = {
  audio: [],
  function_call: ["none"],
  functions: [[]],
  modalities: [["text"]],
  prediction: [],
  reasoning_effort: ["none"],
  response_format: [{ type: "text" }],
  think: [false],
  tool_choice: ["none", "auto"],
  tools: [[]],
  verbosity: [],
  web_search_options: [],
} as const satisfies Neutral;

/** The body of `POST /v1/chat/completions`. */
export const chatRequest = z.strictObject({
  model: text,
  messages: z.array(message, { error: "must be a list" }).min(1, { error: "must not be empty" }),
  stream: flag.nullish(),
  stream_options: streamOptions.nullish(),
  max_tokens: whole(1).nullish(),
  max_completion_tokens: whole(1).nullish(),
  n: choices.nullish(),
  logprobs: flag.nullish(),
  top_logprobs: whole(0, mostAlternatives).nullish(),
  stop: stop.nullish(),
  ...samplingFields,
  ...templateFields,
  ...mapFields,
  ...passing(bookkeeping),
  ...unsupported(neutral),
});

/** Throws an `ApiError` of status 400 for anything that cannot be done as asked. */
export function parseChatRequest(json: unknown, limits: RequestLimits): GenerationRequest {
  mustBeObject(json);
  refuseUnsupported(json, neutral);
  mustBeFew("messages", json.messages, limits);
  const request = parsed(chatRequest, json);
  if (request.stream_options != null && request.stream !== true)
    throw badRequest("stream_options: may be given only when stream is true", "stream_options");
  if ((request.top_logprobs ?? 0) > 0 && request.logprobs !== true)
    throw badRequest("top_logprobs: may be given only when logprobs is true", "top_logprobs");
  const messages = request.messages.map(readMessage);
  mustBeShort("messages", messages, limits);
  const { max_tokens: older, max_completion_tokens: newer } = request;
  return {
    api: "chat",
    model: request.model,
    prompt: { messages, variables: variablesOf(request.chat_template_kwargs) },
    stream: request.stream ?? false,
    includeUsage: request.stream_options?.include_usage ?? false,
    ...maxTokensOf(["max_completion_tokens", newer], ["max_tokens", older]),
    stop: [request.stop ?? []].flat(),
    sampling: samplingOf(request),
    choices: request.n ?? 1,
    ...(request.logprobs === true && { alternatives: request.top_logprobs ?? 0 }),
    ...mapsOf(request),
  };
}

function readMessage({ role, content }: z.infer<typeof message>, index: number): RequestMessage {
  const at = `messages[${index}].content`;
  const list: RequestPart[] =
    typeof content === "string"
      ? [{ type: "text", text: content }]
      : content.map((part, i) =>
          part.type === "text"
            ? { type: "text", text: part.text }
            : { type: "image", url: part.image_url.url, param: `${at}[${i}].image_url.url` },
        );
  return messageOf(role, list, at);
}

/** A message whose role is one of the three that templates know. */
export function messageOf(
  role: (typeof roles)[number],
  list: readonly RequestPart[],
  at: string,
): RequestMessage {
  if (role !== "user" && list.some(({ type }) => type === "image"))
    throw badRequest(`${at}: images may stand in messages of the user only`, at);
  return { role: role === "developer" ? "system" : role, parts: list };
}
