/** The model that answers: opened, decoding and generating in the thread that calls it. */
import { stat } from "node:fs/promises";
import { askingRecord } from "../answers/asking.ts";
import { type CacheFigures, cacheFigures } from "../common/bounded-cache.ts";
import type { Json } from "../hub/text/tokenizer.ts";
import type { Generator } from "../models/contract/generation.ts";
import { decodingOf, endIds } from "../vlm/answer.ts";
import { type OpenOptions, openVlm, type Vlm } from "../vlm/open.ts";
import { checkMaps, mapsOf } from "./maps.ts";
import { type Prompt, promptOf } from "./prompt.ts";
import type { MapsReply } from "./replies/maps.ts";
import type { ReadRequest } from "./requests/read-request.ts";
import { mostProbable, sampler } from "./sampling.ts";
import { type ScoredPlace, scoredPlace } from "./scores.ts";
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

/** What is new of an answer. */
export interface Piece {
  /** Which answer, from 0. */
  readonly choice: number;
  readonly text: string;
  /** Where log-probabilities were asked for: of the tokens since the last piece, the end and stop texts left out. */
  readonly tokens: readonly ScoredPlace[];
}

export interface Answered {
  /** Why each answer ended. */
  readonly finishes: readonly ("stop" | "length")[];
  /** The text's and the pictures' together. */
  readonly promptTokens: number;
  /** New tokens of all answers, the end tokens among them. */
  readonly tokens: number;
  /** Of the first answer, where the request asked for them. */
  readonly maps?: MapsReply;
}

export interface SpeakerAnswer extends Answered {
  /** Of the caches of this thread. */
  readonly caches: readonly CacheFigures[];
}

export interface Speaker {
  readonly notes: ModelNotes;
  /**
   * Says the answers piece by piece, the first at the first token, even if it is empty. `goOn` is called between two
   * steps of work and at every token: where it throws, the rest is left.
   */
  answer(request: ReadRequest, goOn: () => void, say: (piece: Piece) => void): Promise<SpeakerAnswer>;
}

/** Opens a model folder. Throws a UserError when it is not one that can answer. */
export async function openSpeaker(
  folder: string,
  options: Partial<Pick<OpenOptions, "weights" | "machine">> = {},
): Promise<Speaker> {
  return speakerOf(await openVlm(folder, options), folder);
}

/** The same for a model that is open already. */
export async function speakerOf(vlm: Vlm, folder: string): Promise<Speaker> {
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
  readonly say: (piece: Piece) => void;
}

/** One answer after the other. */
async function speak(
  vlm: Vlm,
  generator: Generator<Vlm["params"]>,
  request: ReadRequest,
  speech: Speech,
): Promise<Answered> {
  const prompt = await promptOf(vlm, request, speech.goOn);
  if (request.maps !== undefined) checkMaps(vlm, request.maps, prompt);
  const spoken: Spoken[] = [];
  for (let choice = 0; choice < request.choices; choice++)
    spoken.push(await speakOne({ vlm, generator, request, prompt, choice }, speech));
  const [{ ids, finish }] = spoken;
  speech.goOn();
  const maps = request.maps && (await mapsOf(vlm, request.maps, prompt, { ids, ended: finish === "stop" }));
  return {
    finishes: spoken.map((one) => one.finish),
    promptTokens: prompt.row.ids.length,
    tokens: spoken.reduce((sum, one) => sum + one.tokens, 0),
    ...(maps && { maps }),
  };
}

interface Turn {
  readonly vlm: Vlm;
  readonly generator: Generator<Vlm["params"]>;
  readonly request: ReadRequest;
  readonly prompt: Prompt;
  readonly choice: number;
}

interface Spoken {
  readonly finish: "stop" | "length";
  /** New tokens, the end token among them; `ids` are without it. */
  readonly tokens: number;
  readonly ids: number[];
}

async function speakOne(turn: Turn, { goOn, say }: Speech): Promise<Spoken> {
  const { vlm, generator, request, prompt, choice } = turn;
  const ends = endIds(vlm);
  const { tokenizer } = vlm.chat;
  const text = textStream(tokenizer, request.stop, { trim: request.api !== "completions" });
  const chooser = scoringChooser(turn);
  const { repetitionPenalty } = request.sampling;
  const options = {
    maxNewTokens: prompt.maxNewTokens,
    ...(chooser.choose && { choose: chooser.choose }),
    ...(repetitionPenalty !== undefined && { repetitionPenalty }),
  };
  const ids: number[] = [];
  let [tokens, ended] = [0, false];
  for await (const token of generator.stream(vlm.params, prompt.row, options)) {
    goOn();
    tokens++;
    ended = ends.includes(token);
    if (!ended) {
      ids.push(token);
      const piece = text.push(token);
      say({ choice, text: piece, tokens: text.stopped ? [] : chooser.scores() });
    }
    if (text.stopped) break;
  }
  say({ choice, text: text.end(), tokens: [] });
  return { finish: ended || text.stopped ? "stop" : "length", tokens, ids };
}

/** Chooses tokens and keeps the score of the last one, where scores were asked for. */
function scoringChooser({ vlm, request: { sampling, alternatives }, choice }: Turn) {
  const choose = sampler(sampling, choice);
  if (alternatives === undefined) return { choose, scores: (): ScoredPlace[] => [] };
  let last: ScoredPlace[] = [];
  return {
    choose: (logits: Float32Array, unpenalised: Float32Array): number => {
      const token = choose === undefined ? mostProbable(logits) : choose(logits);
      last = [scoredPlace(vlm.chat.tokenizer, unpenalised, token, alternatives)];
      return token;
    },
    scores: () => last,
  };
}
