/** The bodies of OpenAI's older completions. */
import type { Piece } from "../speaker.ts";
import { usageOf } from "./chat.ts";
import { type Asked, joined, type ReplyHead, type ReplyWriter } from "./reply.ts";
import type { TextCompletion } from "./schemas.ts";

export function completionsWriter({ id, created, model }: ReplyHead, asked: Asked): ReplyWriter {
  type Choice = TextCompletion["choices"][number];
  const unknown = asked.includeUsage ? { usage: null } : {};
  const body = (choices: Choice[], more: Partial<TextCompletion>): TextCompletion => ({
    id: `cmpl-${id}`,
    object: "text_completion",
    created,
    model,
    choices,
    ...more,
  });
  /** Characters of each answer that were told before: where its next token stands. */
  const told = new Array<number>(asked.choices).fill(0);
  const scored = (index: number, tokens: Piece["tokens"]) => {
    if (asked.alternatives === undefined) return null;
    const { scores, end } = textScores(tokens, told[index]);
    told[index] = end;
    return scores;
  };
  return {
    whole: (said, answered) =>
      body(
        said.map(({ text, tokens }, index) => ({
          index,
          text,
          logprobs: scored(index, tokens),
          finish_reason: answered.finishes[index],
        })),
        { usage: { ...usageOf(answered) } },
      ),
    begin: () => [],
    pieces: (pieces) =>
      joined(pieces, asked.choices).flatMap(({ text, tokens }, index) => {
        if (text === "" && tokens.length === 0) return [];
        return [body([{ index, text, logprobs: scored(index, tokens), finish_reason: null }], unknown)];
      }),
    end: (_, answered) => [
      ...answered.finishes.map((finish, index) =>
        body([{ index, text: "", logprobs: null, finish_reason: finish }], unknown),
      ),
      ...(asked.includeUsage ? [body([], { usage: { ...usageOf(answered) } })] : []),
      "[DONE]",
    ],
  };
}

/** Lists side by side, as this API has them; `from`: characters before. */
function textScores(places: Piece["tokens"], from: number) {
  const offsets: number[] = [];
  let end = from;
  for (const { token } of places) {
    offsets.push(end);
    end += token.length;
  }
  const scores = {
    tokens: places.map(({ token }) => token),
    token_logprobs: places.map(({ logprob }) => logprob),
    top_logprobs: places.map(({ top }) =>
      Object.fromEntries(top.map(({ token, logprob }) => [token, logprob] as const)),
    ),
    text_offset: offsets,
  };
  return { scores, end };
}
