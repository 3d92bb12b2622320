/** What the writers of all APIs share: what was said, and the parts that they write it in. */
import type { GenerationRequest } from "../requests/request.ts";
import type { ScoredPlace } from "../scores.ts";
import type { Answered, Piece } from "../speaker.ts";
import type { ScoredPlaceBody } from "./schemas.ts";

/** What every body of one answer shares. */
export interface ReplyHead {
  /** Without the prefix of its API. */
  readonly id: string;
  /** Unix time in seconds. */
  readonly created: number;
  readonly model: string;
}

/** All that was said of one answer. */
export interface Said {
  readonly text: string;
  readonly tokens: readonly ScoredPlace[];
}

export interface ReplyWriter {
  whole(said: readonly Said[], answered: Answered): object;
  /** Events before anything is said. */
  begin(): readonly object[];
  /** Events of pieces that come together; their answers follow one another. */
  pieces(pieces: readonly Piece[]): readonly object[];
  /** Events behind everything that was said. */
  end(said: readonly Said[], answered: Answered): readonly (object | "[DONE]")[];
}

/** What a writer needs of the request. */
export type Asked = Pick<
  GenerationRequest,
  "api" | "choices" | "includeUsage" | "alternatives" | "sampling" | "maxTokens"
>;

/** Pieces of each answer, joined. */
export function joined(pieces: readonly Piece[], choices: number): Said[] {
  return Array.from({ length: choices }, (_, choice) => {
    const own = pieces.filter((piece) => piece.choice === choice);
    return { text: own.map(({ text }) => text).join(""), tokens: own.flatMap(({ tokens }) => tokens) };
  });
}

export function scoresOf(tokens: readonly ScoredPlace[]): ScoredPlaceBody[] {
  const plain = ({ token, bytes, logprob }: ScoredPlace | ScoredPlace["top"][number]) => ({
    token,
    bytes: bytes && [...bytes],
    logprob,
  });
  return tokens.map((place) => ({ ...plain(place), top_logprobs: place.top.map(plain) }));
}
