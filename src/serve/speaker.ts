/** The model that answers: opened, decoding and generating in the thread that calls it. */
import { stat } from "node:fs/promises";
import { askingRecord } from "../answers/asking.ts";
import { type CacheFigures, cacheFigures } from "../common/bounded-cache.ts";
import type { Json } from "../hub/text/tokenizer.ts";
import type { WeightForm } from "../hub/weights/weights.ts";
import type { Generator } from "../models/contract/generation.ts";
import { decodingOf, endIds } from "../vlm/answer.ts";
import { openVlm, type Vlm } from "../vlm/open.ts";
import { promptOf } from "./prompt.ts";
import type { ReadRequest } from "./read-request.ts";
import { sampler } from "./sampling.ts";
import { textStream } from "./text-stream.ts";

/** What others are told of the model. */
export interface ModelNotes {
  readonly name: string;
  /** Unix time of its folder in seconds. */
  readonly created: number;
  /** How it is asked, for who evaluates it over the server. */
  readonly asking: Json;
  readonly contextTokens: number;
  /** Whether it has no chat template of its own. */
  readonly isStandIn: boolean;
}

export interface Answered {
  readonly finish: "stop" | "length";
  /** The text's and the pictures' together. */
  readonly promptTokens: number;
  /** New tokens, the end token among them. */
  readonly tokens: number;
}

export interface SpeakerAnswer extends Answered {
  /** Of the caches of this thread. */
  readonly caches: readonly CacheFigures[];
}

export interface Speaker {
  readonly notes: ModelNotes;
  /**
   * Says the answer piece by piece, the first at the first token, even if it is empty. `goOn` is called between two
   * steps of work and at every token: where it throws, the rest is left.
   */
  answer(request: ReadRequest, goOn: () => void, say: (text: string) => void): Promise<SpeakerAnswer>;
}

/** Opens a model folder. Throws a UserError when it is not one that can answer. */
export async function openSpeaker(folder: string, weights?: WeightForm): Promise<Speaker> {
  const vlm = await openVlm(folder, { weights });
  checkProcessor(vlm);
  const generator = vlm.family.createGenerator({ maxNewTokens: 1, ...decodingOf(vlm) });
  return {
    notes: await notesOf(vlm, folder),
    async answer(request, goOn, say) {
      const answered = await speak(vlm, generator, request, { goOn, say });
      return { ...answered, caches: cacheFigures() };
    },
  };
}

async function notesOf(vlm: Vlm, folder: string): Promise<ModelNotes> {
  const { mtimeMs } = await stat(folder);
  return {
    name: vlm.name,
    created: Math.floor(mtimeMs / 1000),
    asking: askingRecord(vlm.asking),
    contextTokens: vlm.facts.longestRow,
    isStandIn: vlm.chat.isStandIn,
  };
}

/** Fails now rather than at the first picture. */
function checkProcessor(vlm: Vlm): void {
  vlm.reader.preprocess({ width: 8, height: 8, data: new Uint8Array(8 * 8 * 3) });
}

interface Speech {
  readonly goOn: () => void;
  readonly say: (text: string) => void;
}

async function speak(
  vlm: Vlm,
  generator: Generator<Vlm["params"]>,
  request: ReadRequest,
  { goOn, say }: Speech,
): Promise<Answered> {
  const { row, maxNewTokens } = await promptOf(vlm, request, goOn);
  const choose = sampler(request);
  const options = { maxNewTokens, ...(choose && { choose }) };
  const ends = endIds(vlm);
  const text = textStream(vlm.chat.tokenizer, request.stop);
  let tokens = 0;
  let ended = false;
  for await (const token of generator.stream(vlm.params, row, options)) {
    goOn();
    tokens++;
    ended = ends.includes(token);
    if (!ended) say(text.push(token));
    if (text.stopped) break;
  }
  say(text.end());
  return { finish: ended || text.stopped ? "stop" : "length", promptTokens: row.ids.length, tokens };
}
