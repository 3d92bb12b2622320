/** The bodies of answers, as OpenAI's chat completions have them. */
import { randomUUID } from "node:crypto";
import type { Answered, ServedModel } from "./served.ts";

/** What every body of one completion shares. */
export interface Completion {
  readonly id: string;
  /** Unix time in seconds. */
  readonly created: number;
  readonly model: string;
}

export function newCompletion(model: ServedModel): Completion {
  const id = `chatcmpl-${randomUUID().replaceAll("-", "")}`;
  return { id, created: Math.floor(Date.now() / 1000), model: model.id };
}

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

export function usageOf({ promptTokens, tokens }: Answered): Usage {
  return { prompt_tokens: promptTokens, completion_tokens: tokens, total_tokens: promptTokens + tokens };
}

/** The whole answer at once. */
export function completionBody(completion: Completion, content: string, answered: Answered) {
  const { id, created, model } = completion;
  const message = { role: "assistant", content, refusal: null };
  const choice = { index: 0, message, logprobs: null, finish_reason: answered.finish };
  return { id, object: "chat.completion", created, model, choices: [choice], usage: usageOf(answered) };
}

/** What a chunk adds to the answer. */
export interface Delta {
  readonly role?: "assistant";
  readonly content?: string;
  readonly refusal?: null;
}

/** Chunks of a streamed answer; where usage was asked for, it is null in all but the last. */
export function chunkWriter({ id, created, model }: Completion, includeUsage: boolean) {
  const head = { id, object: "chat.completion.chunk", created, model };
  const unknown = includeUsage ? { usage: null } : {};
  return {
    delta(delta: Delta, finish: Answered["finish"] | null = null) {
      const choice = { index: 0, delta, logprobs: null, finish_reason: finish };
      return { ...head, choices: [choice], ...unknown };
    },
    usage: (usage: Usage) => ({ ...head, choices: [], usage }),
  };
}

/** An entry of `/v1/models`; `fovea`: how the model is asked, for who evaluates it over this server. */
export function modelBody({ id, notes: { created, asking } }: ServedModel) {
  return { id, object: "model", created, owned_by: "fovea", fovea: asking };
}
