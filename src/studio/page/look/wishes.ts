/** What Look asks of each model for a state of the page, and how the answers become columns. */
import type { ImageGeometry, RgbImage } from "../../../common/image.ts";
import { samePlace } from "../../../elements/map/fit.ts";
import type { Region } from "../../../grounding/region.ts";
import type { AttentionResult } from "../../../lens/attention.ts";
import type { KnockOut } from "../../../lens/knock-out.ts";
import type { KnockOutResult } from "../../../lens/knocked-out.ts";
import type { PatchWordsResult } from "../../../lens/patch-words.ts";
import type { RelevanceResult } from "../../../lens/relevance.ts";
import type { Result } from "../../jobs/job.ts";
import type { StudioModel } from "../../models/model.ts";
import type { KnownObject, Letter } from "../studio.ts";
import { type Ask, openAsk } from "./asks.ts";
import { type ConceptLens, geometryOf, knockOutOf, type Said } from "./columns.ts";
import { isStruck, type LookState } from "./state.ts";

/** One model's open questions. */
export interface Asks {
  readonly lens: Ask<ConceptLens>;
  readonly look: Ask<AttentionResult>;
  readonly words: Ask<PatchWordsResult>;
  readonly after: Ask<KnockOutResult>;
  readonly locality: Ask<Result<"locality">>;
  readonly relevance: Ask<RelevanceResult>;
  readonly relevanceAfter: Ask<RelevanceResult>;
}

export function openAsks(onChange: () => void): Asks {
  return {
    lens: openAsk(onChange),
    look: openAsk(onChange),
    words: openAsk(onChange),
    after: openAsk(onChange),
    locality: openAsk(onChange),
    relevance: openAsk(onChange),
    relevanceAfter: openAsk(onChange),
  };
}

/** What is wanted of a model. */
export interface Wish {
  readonly letter: Letter;
  readonly model: StudioModel;
  readonly picture: RgbImage;
  /** Names the picture among all that were shown. */
  readonly pictureKey: string;
  readonly state: LookState;
  readonly regions?: readonly Region[];
  /** Of the first model shown, once known: grids of pins and knock-outs. */
  readonly first?: { readonly geometry: ImageGeometry; readonly layers: number };
  /** Patches of the first model's grid whose words are read. */
  readonly patches: readonly number[];
  /** Whether the curve of locality is open. */
  readonly locality: boolean;
  readonly truth?: readonly KnownObject[];
}

/** Likeliest words read at each patch and layer. */
const topK = 6;
/** Longest answer, in tokens; its end is one of them. */
export const answerTokens = 16;

export function wish(asks: Asks, wanted: Wish): void {
  wishLens(asks.lens, wanted);
  wishLook(asks.look, wanted);
  const own = geometryOf(saidOf(asks));
  wishWords(asks.words, wanted, own);
  wishAfter(asks.after, wanted, own);
  wishLocality(asks.locality, wanted);
  wishRelevance(asks, wanted, own);
}

function wishLens(
  ask: Ask<ConceptLens>,
  { model, picture, pictureKey, state: { concept, space } }: Wish,
): void {
  ask.want(JSON.stringify([pictureKey, concept, space]), async (signal) => {
    const read = (words: readonly string[]) =>
      model.run("lens", { picture, words, options: { space, topK, ranks: true } }, { signal });
    if (concept === undefined) return { lens: await read([]) };
    try {
      return { lens: await read([concept]) };
    } catch (error) {
      if (!isUnknownWord(error)) throw error;
      return { lens: await read([]), unknown: (error as Error).message };
    }
  });
}

/** Of a word that the model's vocabulary cannot write: what the patches say is there all the same. */
function isUnknownWord(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("lens: concept ");
}

function wishLook(ask: Ask<AttentionResult>, { model, picture, pictureKey, state, regions }: Wish): void {
  const { question } = state;
  const key = question === undefined ? undefined : JSON.stringify([pictureKey, question, regions]);
  ask.want(key, (signal) =>
    model.run("attention", { picture, question: question ?? "", ...lookOptions(regions) }, { signal }),
  );
}

function lookOptions(regions: readonly Region[] | undefined) {
  return { maxNewTokens: answerTokens, prompt: true, ...(regions && { regions }) };
}

/** The ranks of a typed word at the patches read; without one the concept's are known from its map. */
function wishWords(
  ask: Ask<PatchWordsResult>,
  { model, picture, pictureKey, state, first, patches: wanted }: Wish,
  own?: ImageGeometry,
) {
  const { word } = state;
  const known = word !== undefined && wanted.length > 0 && first !== undefined && own !== undefined;
  const patches = known ? wanted.flatMap((patch) => samePlace(patch, first.geometry, own) ?? []) : [];
  const key = known ? JSON.stringify([pictureKey, word, patches]) : undefined;
  ask.want(key, (signal) =>
    model.run(
      "words",
      { picture, patches, words: word === undefined ? [] : [word], options: { topK } },
      { signal },
    ),
  );
}

function wishAfter(ask: Ask<KnockOutResult>, wanted: Wish, own?: ImageGeometry): void {
  const { model, picture, pictureKey, state, first, regions } = wanted;
  const { question, concept, struck } = state;
  if (!isStruck(struck) || question === undefined || first === undefined || own === undefined) {
    ask.want(undefined, () => Promise.reject(new Error("nothing is knocked out")));
    return;
  }
  const knockOut = ownKnockOut(wanted, first, own);
  const key = JSON.stringify([pictureKey, question, concept, state.space, regions, knockOut]);
  const run = (words: readonly string[], signal: AbortSignal) =>
    model.run(
      "knockOut",
      { picture, question, knockOut, options: { ...lookOptions(regions), words } },
      { signal },
    );
  ask.want(key, (signal) =>
    run(concept === undefined ? [] : [concept], signal).catch((error: unknown) => {
      if (!isUnknownWord(error)) throw error;
      return run([], signal);
    }),
  );
}

function ownKnockOut(
  { letter, model, state }: Wish,
  first: NonNullable<Wish["first"]>,
  own: ImageGeometry,
): KnockOut {
  const grids = { first: first.geometry, own };
  return knockOutOf(state.struck, letter, grids, { first: first.layers, own: model.card });
}

/** Gradients are asked for only while they are shown. */
function wishRelevance(asks: Asks, wanted: Wish, own?: ImageGeometry): void {
  const { model, picture, pictureKey, state, first } = wanted;
  const { question, over, struck } = state;
  const isWanted = over === "relevance" && question !== undefined;
  const ask = (one: Ask<RelevanceResult>, knockOut: KnockOut | undefined, now: boolean) => {
    const key = now ? JSON.stringify([pictureKey, question, knockOut]) : undefined;
    const options = { maxNewTokens: answerTokens, ...(knockOut && { knockOut }) };
    one.want(key, (signal) =>
      model.run("relevance", { picture, question: question ?? "", options }, { signal }),
    );
  };
  ask(asks.relevance, undefined, isWanted);
  const known = isWanted && isStruck(struck) && first !== undefined && own !== undefined;
  ask(asks.relevanceAfter, known ? ownKnockOut(wanted, first, own) : undefined, known);
}

function wishLocality(
  ask: Ask<Result<"locality">>,
  { model, picture, pictureKey, locality, truth = [] }: Wish,
): void {
  const words = [...new Set(truth.map(({ word }) => word))];
  const known = words.map((word) => ({
    word,
    regions: truth.filter((object) => object.word === word).map(({ region }) => region),
  }));
  ask.want(locality ? pictureKey : undefined, async (signal) => {
    let rest = known;
    for (;;)
      try {
        return await model.run("locality", { picture, truth: rest }, { signal });
      } catch (error) {
        // A word that the model's vocabulary cannot write is left out.
        const { message } = error as Error;
        const others = rest.filter(({ word }) => !message.includes(JSON.stringify(word)));
        if (!isUnknownWord(error) || others.length === rest.length) throw error;
        rest = others;
      }
  });
}

/** All that a model said so far. */
export function saidOf({ lens, look, words, after, locality, relevance, relevanceAfter }: Asks): Said {
  const all = [lens, look, words, after, locality, relevance, relevanceAfter];
  return {
    lens: lens.result,
    look: look.result,
    words: words.result,
    after: after.result,
    locality: locality.result,
    relevance: relevance.result,
    relevanceAfter: relevanceAfter.result,
    failed: all.flatMap(({ failed }) => failed ?? []),
    busy: all.some(({ busy }) => busy),
  };
}
