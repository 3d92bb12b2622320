import type { TextTokenizer } from "../hub/text/tokenizer.ts";

/** Turns tokens into text piece by piece. */
export interface TextStream {
  /** Text that is certain after this token: the next tokens cannot change it. */
  push(token: number): string;
  /** What was held back, once no token follows. */
  end(): string;
  /** Whether a stop text has come: what follows it is dropped. */
  readonly stopped: boolean;
}

export interface TextStreamOptions {
  /** Leaves white space at both ends away; default true. */
  readonly trim?: boolean;
}

/**
 * Text as it is generated: without special tokens, white space at both ends, a stop text and what follows it.
 * All pieces together are what decoding all tokens at once gives, where their bytes are UTF-8.
 */
export function textStream(
  tokenizer: TextTokenizer,
  stops: readonly string[],
  options: TextStreamOptions = {},
): TextStream {
  const detokenise = detokeniser(tokenizer);
  const search = stopSearch(stops);
  const trim = options.trim === false ? (text: string) => text : trimmer();
  return {
    push: (token) => trim(search.push(detokenise.push(token))),
    end: () => trim(search.push(detokenise.end()) + search.end()),
    get stopped() {
      return search.stopped;
    },
  };
}

/** Tokens without text that are decoded together, many more than a character has bytes. */
const longestWait = 32;

/**
 * Decodes a short window of tokens twice, with and without the new ones, and gives the difference: what a token
 * looks like depends on its neighbours (spaces, characters of several tokens), but not on distant ones.
 */
function detokeniser(tokenizer: TextTokenizer) {
  const decode = (ids: readonly number[]) => tokenizer.decode(ids, { skipSpecialTokens: true });
  let known: number[] = [];
  let fresh: number[] = [];
  const difference = () => decode([...known, ...fresh]).slice(decode(known).length);
  return {
    push(token: number): string {
      fresh.push(token);
      const text = difference();
      const isLong = fresh.length >= longestWait;
      if (text === "") {
        if (isLong) fresh = []; // They have no text.
        return "";
      }
      // A replacement character at the end may be the beginning of one that the next token completes.
      if (text.endsWith("\ufffd") && !isLong) return "";
      known = fresh;
      fresh = [];
      return text;
    },
    end: () => (fresh.length === 0 ? "" : difference()),
  };
}

/** Passes text on as soon as no stop text can begin in it. */
function stopSearch(stops: readonly string[]) {
  let held = "";
  let stopped = false;
  return {
    get stopped() {
      return stopped;
    },
    push(text: string): string {
      if (stopped) return "";
      held += text;
      const places = stops.map((stop) => held.indexOf(stop)).filter((at) => at >= 0);
      stopped = places.length > 0;
      const certain = stopped ? Math.min(...places) : held.length - possibleStop(held, stops);
      const out = held.slice(0, certain);
      held = stopped ? "" : held.slice(certain);
      return out;
    },
    end(): string {
      const rest = held;
      held = "";
      return rest;
    },
  };
}

/** Length of the longest end of `text` with which a stop text begins. */
function possibleStop(text: string, stops: readonly string[]): number {
  const longest = Math.max(0, ...stops.map(({ length }) => length - 1));
  for (let length = Math.min(longest, text.length); length > 0; length--)
    if (stops.some((stop) => stop.startsWith(text.slice(-length)))) return length;
  return 0;
}

/** Drops white space at the beginning, and at the end by passing it on only before something else. */
function trimmer() {
  let started = false;
  let space = "";
  return (text: string): string => {
    const whole = started ? space + text : text.trimStart();
    const out = whole.trimEnd();
    if (out === "") {
      space = started ? whole : "";
      return "";
    }
    started = true;
    space = whole.slice(out.length);
    return out;
  };
}
