/**
 * The request of OpenAI's responses (platform.openai.com/docs/api-reference/responses). Nothing is kept: a conversation is
 * sent whole each time.
 */
import * as z from "zod";
import { badRequest } from "../api-error.ts";
import { messageOf, roles } from "./chat.ts";
import {
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
  templateFields,
  text,
  unsupported,
  variablesOf,
  whole,
} from "./fields.ts";
import type { RequestLimits } from "./limits.ts";
import type { GenerationRequest, RequestMessage, RequestPart } from "./request.ts";

const part = z.discriminatedUnion(
  "type",
  [
    z.object({ type: z.literal("input_text"), text }),
    z.object({ type: z.literal("output_text"), text }),
    z.object({ type: z.literal("input_image"), image_url: text, detail: z.unknown().optional() }),
  ],
  { error: 'must be an object of type "input_text", "input_image" with an image_url, or "output_text"' },
);
const item = z.object(
  {
    type: z.literal("message", { error: 'must be "message"' }).optional(),
    role: z.enum(roles, { error: `must be one of ${roles.join(", ")}` }),
    content: z.union([text, z.array(part)], { error: "must be a string or a list of parts" }),
  },
  { error: "must be an object with role and content" },
);

const bookkeeping = [
  "metadata",
  "parallel_tool_calls",
  "prompt_cache_key",
  "prompt_cache_retention",
  "safety_identifier",
  "service_tier",
  "store",
  "stream_options",
  "user",
] as const;

const neutral = {
  background: [false],
  context_management: [],
  conversation: [],
  max_tool_calls: [],
  previous_response_id: [],
  prompt: [],
  reasoning: [{ effort: "none" }],
  text: [{ format: { type: "text" } }, {}],
  tool_choice: ["none", "auto"],
  tools: [[]],
  truncation: ["disabled"],
} as const satisfies Neutral;

/** The one thing that can be included: log-probabilities of the answer's tokens. */
const includable = "message.output_text.logprobs";

/** The body of `POST /v1/responses`. */
export const responsesRequest = z.strictObject({
  model: text,
  input: z.union([text, z.array(item).min(1, { error: "must not be empty" })], {
    error: "must be a string or a list of messages",
  }),
  instructions: text.nullish(),
  stream: flag.nullish(),
  max_output_tokens: whole(1).nullish(),
  include: z.array(z.literal(includable, { error: `must be "${includable}"` })).nullish(),
  top_logprobs: whole(0, mostAlternatives).nullish(),
  ...samplingFields,
  ...templateFields,
  ...mapFields,
  ...passing(bookkeeping),
  ...unsupported(neutral),
});

/** Throws an `ApiError` of status 400 for anything that cannot be done as asked. */
export function parseResponsesRequest(json: unknown, limits: RequestLimits): GenerationRequest {
  mustBeObject(json);
  refuseUnsupported(json, neutral);
  mustBeFew("input", json.input, limits);
  const request = parsed(responsesRequest, json);
  const messages = messagesOf(request);
  mustBeShort("input", messages, limits);
  const wantsScores = (request.include ?? []).length > 0;
  if ((request.top_logprobs ?? 0) > 0 && !wantsScores)
    throw badRequest(`top_logprobs: needs include: ["${includable}"]`, "top_logprobs");
  return {
    api: "responses",
    model: request.model,
    prompt: { messages, variables: variablesOf(request.chat_template_kwargs) },
    stream: request.stream ?? false,
    includeUsage: true,
    ...maxTokensOf(["max_output_tokens", request.max_output_tokens]),
    stop: [],
    sampling: samplingOf(request),
    choices: 1,
    ...(wantsScores && { alternatives: request.top_logprobs ?? 0 }),
    ...mapsOf(request),
  };
}

function messagesOf({ input, instructions }: z.infer<typeof responsesRequest>): RequestMessage[] {
  const first: RequestMessage[] =
    instructions == null ? [] : [{ role: "system", parts: [{ type: "text", text: instructions }] }];
  if (typeof input === "string") return [...first, { role: "user", parts: [{ type: "text", text: input }] }];
  return [...first, ...input.map(readItem)];
}

function readItem({ role, content }: z.infer<typeof item>, index: number): RequestMessage {
  const at = `input[${index}].content`;
  const list: RequestPart[] =
    typeof content === "string"
      ? [{ type: "text", text: content }]
      : content.map((one, i) =>
          one.type === "input_image"
            ? { type: "image", url: one.image_url, param: `${at}[${i}].image_url` }
            : { type: "text", text: one.text },
        );
  return messageOf(role, list, at);
}
