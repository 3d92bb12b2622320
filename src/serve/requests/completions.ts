/** The request of OpenAI's older completions: a text that the model goes on with, without a chat template. */
import * as z from "zod";
import { badRequest } from "../api-error.ts";
import { streamOptions } from "./chat.ts";
import {
  choices,
  flag,
  maxTokensOf,
  mostAlternatives,
  mustBeObject,
  type Neutral,
  parsed,
  passing,
  refuseUnsupported,
  samplingFields,
  samplingOf,
  stop,
  text,
  unsupported,
  whole,
} from "./fields.ts";
import type { RequestLimits } from "./limits.ts";
import type { GenerationRequest } from "./request.ts";

const neutral = { best_of: [1], echo: [false], suffix: [""], fovea: [] } as const satisfies Neutral;

/** The body of `POST /v1/completions`. */
export const completionsRequest = z.strictObject({
  model: text,
  prompt: z.union([text, z.array(text).length(1)], {
    error: "must be a string, or a list of one: token ids and several prompts are not supported",
  }),
  stream: flag.nullish(),
  stream_options: streamOptions.nullish(),
  max_tokens: whole(1).nullish(),
  n: choices.nullish(),
  logprobs: whole(0, mostAlternatives).nullish(),
  stop: stop.nullish(),
  ...samplingFields,
  ...passing(["user"]),
  ...unsupported(neutral),
});

/** New tokens where the request does not say, as OpenAI's. */
const defaultTokens = 16;

/** Throws an `ApiError` of status 400 for anything that cannot be done as asked. */
export function parseCompletionsRequest(json: unknown, { maxText }: RequestLimits): GenerationRequest {
  mustBeObject(json);
  refuseUnsupported(json, neutral);
  const request = parsed(completionsRequest, json);
  if (request.stream_options != null && request.stream !== true)
    throw badRequest("stream_options: may be given only when stream is true", "stream_options");
  const [prompt] = [request.prompt].flat();
  if (prompt.length > maxText) {
    const rule = `must have at most ${maxText} characters, got ${prompt.length}`;
    throw badRequest(`prompt: ${rule}`, "prompt", "string_above_max_length");
  }
  return {
    api: "completions",
    model: request.model,
    prompt: { text: prompt },
    stream: request.stream ?? false,
    includeUsage: request.stream_options?.include_usage ?? false,
    ...maxTokensOf(["max_tokens", request.max_tokens ?? defaultTokens]),
    stop: [request.stop ?? []].flat(),
    sampling: samplingOf(request),
    choices: request.n ?? 1,
    ...(request.logprobs != null && { alternatives: request.logprobs }),
  };
}
