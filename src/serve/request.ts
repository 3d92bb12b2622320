/**
 * The request of OpenAI's chat completions (platform.openai.com/docs/api-reference/chat), read from JSON:
 *
 *     parseChatRequest(json, limits) -> ChatRequest, or an ApiError 400 that names the field
 *
 * What would change an answer and is not supported is refused, never passed over.
 */
import * as z from "zod";
import { ApiError, badRequest } from "./api-error.ts";
import type { RequestLimits } from "./limits.ts";

/** A part of a message. `param` names where it stood in the request. */
export type RequestPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image"; readonly url: string; readonly param: string };

export interface RequestMessage {
  readonly role: "system" | "user" | "assistant";
  readonly parts: readonly RequestPart[];
}

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly RequestMessage[];
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Most new tokens, and the field that said so. */
  readonly maxTokens?: { readonly value: number; readonly param: string };
  readonly stop: readonly string[];
  /** 0: the most probable token always. */
  readonly temperature: number;
  readonly topP: number;
  readonly seed?: number;
}

const whole = (least: number) => {
  const error = `must be a whole number of at least ${least}`;
  return z.int({ error }).min(least, { error });
};
const between = (least: number, most: number) => {
  const error = `must be a number from ${least} to ${most}`;
  return z.number({ error }).min(least, { error }).max(most, { error });
};
const text = z.string({ error: "must be a string" });
const flag = z.boolean({ error: "must be true or false" });
/** Characters of a stop text: each is searched at every token. */
const longestStop = 1000;
const stopText = text
  .min(1, { error: "must not be empty" })
  .max(longestStop, { error: `must have at most ${longestStop} characters` });

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
const roles = ["system", "developer", "user", "assistant"] as const;
const message = z.object(
  {
    role: z.enum(roles, { error: `must be one of ${roles.join(", ")}` }),
    content: z.union([text, parts], { error: "must be a string or a list of parts" }),
    tool_calls: z.array(z.unknown()).max(0, { error: "tools are not supported" }).nullish(),
  },
  { error: "must be an object with role and content" },
);

const streamOptions = z.object(
  { include_usage: flag.nullish(), include_obfuscation: z.literal(false).nullish() },
  { error: "must be an object" },
);

/** Fields that only say who asks or how to keep books: without effect on the answer, any value passes. */
const bookkeeping = [
  "metadata",
  "parallel_tool_calls",
  "prompt_cache_key",
  "prompt_cache_retention",
  "safety_identifier",
  "service_tier",
  "store",
  "user",
] as const;

/** Fields that change the answer and are not supported: only the values that change nothing pass. */
const neutral = {
  audio: [],
  frequency_penalty: [0],
  function_call: ["none"],
  functions: [[]],
  logit_bias: [{}],
  logprobs: [false],
  modalities: [["text"]],
  n: [1],
  prediction: [],
  presence_penalty: [0],
  reasoning_effort: ["none"],
  response_format: [{ type: "text" }],
  tool_choice: ["none", "auto"],
  tools: [[]],
  top_logprobs: [0],
  verbosity: [],
  web_search_options: [],
} as const satisfies Record<string, readonly unknown[]>;

const chatRequest = z.strictObject({
  model: text,
  messages: z.array(message, { error: "must be a list" }).min(1, { error: "must not be empty" }),
  stream: flag.nullish(),
  stream_options: streamOptions.nullish(),
  max_tokens: whole(1).nullish(),
  max_completion_tokens: whole(1).nullish(),
  stop: z
    .union([stopText, z.array(stopText).max(4, { error: "must hold at most 4 strings" })], {
      error: "must be a string or a list of strings",
    })
    .nullish(),
  temperature: between(0, 2).nullish(),
  top_p: between(0, 1).nullish(),
  seed: z.int({ error: "must be a whole number" }).nullish(),
  ...Object.fromEntries(
    [...bookkeeping, ...Object.keys(neutral)].map((name) => [name, z.unknown().optional()]),
  ),
});

/** Reads a request. Throws an {@link ApiError} of status 400 for anything that cannot be done as asked. */
export function parseChatRequest(json: unknown, limits: RequestLimits): ChatRequest {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new ApiError("The body must be a JSON object", { status: 400 });
  refuseUnsupported(json as Record<string, unknown>);
  mustBeFew(json, limits);
  const parsed = chatRequest.safeParse(json);
  if (!parsed.success) throw explained(parsed.error.issues[0], json);
  const request = parsed.data;
  if (request.stream_options != null && request.stream !== true)
    throw badRequest("stream_options: may be given only when stream is true", "stream_options");
  const messages = request.messages.map(readMessage);
  mustBeShort(messages, limits);
  return {
    model: request.model,
    messages,
    stream: request.stream ?? false,
    includeUsage: request.stream_options?.include_usage ?? false,
    ...maxTokens(request),
    stop: [request.stop ?? []].flat(),
    temperature: request.temperature ?? 0,
    topP: request.top_p ?? 1,
    ...(request.seed != null && { seed: request.seed }),
  };
}

function refuseUnsupported(json: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(json)) {
    if (value == null || !Object.hasOwn(neutral, name)) continue;
    const allowed = neutral[name as keyof typeof neutral].map((item) => JSON.stringify(item));
    if (allowed.includes(JSON.stringify(value))) continue;
    const rule = allowed.length > 0 ? `; only ${allowed.join(" or ")} is` : "";
    throw badRequest(`${name}: ${show(value)} is not supported${rule}`, name, "unsupported_parameter");
  }
}

/** Before anything walks over them. */
function mustBeFew(json: object, { maxParts }: RequestLimits): void {
  const { messages } = json as { readonly messages?: unknown };
  if (!Array.isArray(messages)) return;
  const parts = messages.map((message) => message?.content).filter(Array.isArray);
  const count = parts.reduce((sum, list) => sum + list.length, messages.length);
  if (count <= maxParts) return;
  const rule = `must have at most ${maxParts} messages and parts of them together`;
  throw badRequest(`messages: ${rule}, got ${count}`, "messages", "array_above_max_length");
}

function mustBeShort(messages: readonly RequestMessage[], { maxText, maxImages }: RequestLimits): void {
  const parts = messages.flatMap((message) => message.parts);
  const images = parts.filter(({ type }) => type === "image").length;
  if (images > maxImages) {
    const found = `must have at most ${maxImages} pictures, got ${images}`;
    throw badRequest(`messages: ${found}`, "messages", "array_above_max_length");
  }
  const text = parts.reduce((sum, part) => sum + (part.type === "text" ? part.text.length : 0), 0);
  if (text <= maxText) return;
  const found = `must have at most ${maxText} characters of text, got ${text}`;
  throw badRequest(`messages: ${found}`, "messages", "string_above_max_length");
}

function maxTokens(request: z.infer<typeof chatRequest>): Pick<ChatRequest, "maxTokens"> {
  const { max_tokens: older, max_completion_tokens: newer } = request;
  if (newer == null) return older == null ? {} : { maxTokens: { value: older, param: "max_tokens" } };
  const param = "max_completion_tokens";
  if (older == null || older === newer) return { maxTokens: { value: newer, param } };
  throw badRequest(
    `max_tokens and ${param}: must not contradict each other, got ${older} and ${newer}`,
    param,
  );
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
  if (role !== "user" && list.some(({ type }) => type === "image"))
    throw badRequest(`${at}: images may stand in messages of the user only`, at);
  return { role: role === "developer" ? "system" : role, parts: list };
}

type Issue = z.core.$ZodIssue;

/** zod's finding as a 400: the field, what it must be, what it was. */
function explained(found: Issue, json: unknown): ApiError {
  const issue = deepest(found);
  if (issue.code === "unrecognized_keys") {
    const name = issue.keys[0];
    return badRequest(`${name}: unknown field`, name, "unknown_parameter");
  }
  const param = paramOf(issue.path);
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], json);
  if (value === undefined)
    return badRequest(`${param}: is missing; it ${issue.message}`, param, "missing_required_parameter");
  return badRequest(`${param}: ${issue.message}, got ${show(value)}`, param);
}

/** Of the ways in which no member of a union fits, the one that got furthest. */
function deepest(issue: Issue): Issue {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return issue;
  const inner = issue.errors.map(([first]) => deepest({ ...first, path: [...issue.path, ...first.path] }));
  const best = inner.reduce((a, b) => (b.path.length > a.path.length ? b : a));
  return best.path.length > issue.path.length ? best : issue;
}

/** `messages[0].content[1].type` */
function paramOf(path: readonly PropertyKey[]): string {
  return path
    .map((key, i) => (typeof key === "number" ? `[${key}]` : `${i > 0 ? "." : ""}${String(key)}`))
    .join("");
}

/** A value in an error, cut short: pictures come as long strings. */
function show(value: unknown): string {
  const json = JSON.stringify(value);
  return json.length > 80 ? `${json.slice(0, 77)}...` : json;
}
