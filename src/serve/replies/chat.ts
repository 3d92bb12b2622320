/** The bodies of OpenAI's chat completions, and of its list of models. */
import type { ServedModel } from "../served.ts";
import type { Answered, Piece } from "../speaker.ts";
import { type Asked, joined, type ReplyHead, type ReplyWriter, scoresOf } from "./reply.ts";
import type { ChatChunk, ChatCompletion } from "./schemas.ts";

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

export function usageOf({ promptTokens, tokens }: Answered): Usage {
  return { prompt_tokens: promptTokens, completion_tokens: tokens, total_tokens: promptTokens + tokens };
}

/** Where usage was asked for, it is null in all events but the last. */
export function chatWriter({ id, created, model }: ReplyHead, asked: Asked): ReplyWriter {
  const head = { id: `chatcmpl-${id}`, created, model };
  const unknown = asked.includeUsage ? { usage: null } : {};
  const scored = (tokens: Piece["tokens"]) =>
    asked.alternatives === undefined ? null : { content: scoresOf(tokens), refusal: null };
  const chunk = (choices: ChatChunk["choices"], more: Partial<ChatChunk> = unknown): ChatChunk => ({
    ...head,
    object: "chat.completion.chunk",
    choices,
    ...more,
  });
  const indices = Array.from({ length: asked.choices }, (_, index) => index);
  return {
    whole: (said, answered): ChatCompletion => ({
      ...head,
      object: "chat.completion",
      choices: said.map(({ text, tokens }, index) => ({
        index,
        message: { role: "assistant", content: text, refusal: null },
        logprobs: scored(tokens),
        finish_reason: answered.finishes[index],
      })),
      usage: { ...usageOf(answered) },
      ...(answered.maps && { fovea: answered.maps }),
    }),
    begin: () =>
      indices.map((index) =>
        chunk([
          {
            index,
            delta: { role: "assistant", content: "", refusal: null },
            logprobs: null,
            finish_reason: null,
          },
        ]),
      ),
    pieces: (pieces) => {
      const told = joined(pieces, asked.choices).map(({ text, tokens }, index) => {
        const logprobs = tokens.length > 0 ? scored(tokens) : null;
        return { index, delta: { content: text }, logprobs, finish_reason: null };
      });
      return told
        .filter(({ delta, logprobs }) => delta.content !== "" || logprobs)
        .map((one) => chunk([one]));
    },
    end: (_, answered) => [
      ...indices.map((index) =>
        chunk([{ index, delta: {}, logprobs: null, finish_reason: answered.finishes[index] }]),
      ),
      ...(answered.maps ? [chunk([], { ...unknown, fovea: answered.maps })] : []),
      ...(asked.includeUsage ? [chunk([], { usage: { ...usageOf(answered) } })] : []),
      "[DONE]",
    ],
  };
}

/** An entry of `/v1/models`; `fovea`: how the model is asked, for who evaluates it over this server. */
export function modelBody({ id, notes: { created, asking } }: ServedModel) {
  return { id, object: "model", created, owned_by: "fovea", fovea: asking };
}
