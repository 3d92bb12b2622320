/** What single patches say at every layer: their likeliest words, and how any typed word does there. */
import { mustBe } from "../common/errors.ts";
import type { ImageGeometry, RgbImage } from "../common/image.ts";
import type { Display } from "../models/inputs/images.ts";
import { conceptText, knownConceptTokens } from "../vlm/concept.ts";
import type { Vlm } from "../vlm/open.ts";
import { type SeenImage, statesOf } from "./image-states.ts";
import { keptLast, pictureKey } from "./kept.ts";
import type { KnockOut } from "./knock-out.ts";
import { type PatchWord, wordsOf } from "./likeliest.ts";
import { inFewSizes, type Reading, readLayers } from "./readings.ts";

/** How patches are read. */
export interface PatchWordsOptions {
  /** Likeliest words at each layer; default 10. */
  readonly topK?: number;
  /** Whether the model's final norm comes before its unembedding; default true. */
  readonly norm?: boolean;
  readonly knockOut?: KnockOut;
}

/** A typed word as the model's tokenizer has it. */
export interface AskedWord {
  readonly word: string;
  readonly ids: readonly number[];
  /** The tokens that the word is cut into, as the tokenizer has them: one for a word of its own. */
  readonly pieces: readonly string[];
}

/** How a word does at one patch and layer. Of several tokens, the mean of the tokens' log-probabilities, logits and ranks. */
export interface WordReading {
  readonly probability: number;
  readonly logit: number;
  /** 1 for the likeliest token of the vocabulary. */
  readonly rank: number;
}

/** A patch at one layer. */
export interface PatchLayer {
  /** 0 = decoder input, l = after decoder layer l. */
  readonly layer: number;
  readonly words: readonly PatchWord[];
  /** For each word that was asked for. */
  readonly asked: readonly WordReading[];
}

/** A patch at every layer. Rows and columns count from 1, top left. */
export interface PatchReading {
  readonly patch: number;
  readonly row: number;
  readonly column: number;
  readonly layers: readonly PatchLayer[];
}

/** What {@link patchWords} gives. */
export interface PatchWordsResult {
  readonly norm: boolean;
  /** V, words of the vocabulary. */
  readonly vocabulary: number;
  readonly geometry: ImageGeometry;
  readonly tiles: Display["tiles"];
  readonly words: readonly AskedWord[];
  readonly patches: readonly PatchReading[];
}

/**
 * The logit lens at some patches, places of the grid in row order from 0. The states of the picture that a model was asked
 * about last are kept, so that the next patch of it costs a reading alone. Throws a UserError for a patch that the grid does
 * not have, and for a word that the vocabulary cannot write.
 */
export async function patchWords(
  model: Vlm,
  image: RgbImage,
  patches: readonly number[],
  words: readonly string[] = [],
  { topK = 10, norm = true, knockOut = {} }: PatchWordsOptions = {},
): Promise<PatchWordsResult> {
  const asked = words.map((word) => askedWord(model, word));
  const ids = [...new Set(asked.flatMap((one) => one.ids))];
  const { states, display } = await keptStates(model, image, knockOut);
  const rows = patches.map((patch) => tokenAt(display, patch));
  const wanted = { ids: inFewSizes(ids), norm, sum: true, ranks: ids.length > 0, top: topK };
  const read = rows.length === 0 ? [] : await readLayers(model, states, inFewSizes(rows), wanted);
  const { geometry, tiles } = display;
  const layerOf = (reading: Reading, layer: number): PatchLayer => ({
    layer,
    words: wordsOf(model, reading),
    asked: asked.map((one) =>
      wordReading(
        reading,
        one.ids.map((id) => ids.indexOf(id)),
      ),
    ),
  });
  return {
    norm,
    vocabulary: model.facts.vocabSize,
    geometry,
    tiles,
    words: asked,
    patches: patches.map((patch, i) => ({
      patch,
      row: 1 + Math.floor(patch / geometry.grid.columns),
      column: 1 + (patch % geometry.grid.columns),
      layers: read.map((readings, layer) => layerOf(readings[i], layer)),
    })),
  };
}

function askedWord(model: Vlm, word: string): AskedWord {
  const ids = knownConceptTokens("lens", model.name, model.chat, word);
  return { word: conceptText(word), ids, pieces: ids.map((id) => model.chat.tokenizer.token(id) ?? "") };
}

function tokenAt({ tokens }: Display, patch: number): number {
  if (tokens[patch] !== undefined) return tokens[patch];
  throw mustBe("lens", "patch", `a whole number from 0 to ${tokens.length - 1}`, patch);
}

/** Means over the tokens at these places among those that were read. */
function wordReading({ logits, logSumExp, ranks }: Reading, columns: readonly number[]): WordReading {
  const mean = (values: Float32Array) => columns.reduce((sum, k) => sum + values[k], 0) / columns.length;
  const logit = mean(logits);
  return { probability: Math.exp(logit - logSumExp), logit, rank: mean(ranks) };
}

const kept = keptLast<SeenImage>("states of pictures", ({ states }) =>
  states.reduce((sum, { data }) => sum + data.byteLength, 0),
);

function keptStates(model: Vlm, image: RgbImage, knockOut: KnockOut): Promise<SeenImage> {
  const key = `${pictureKey(image)} ${JSON.stringify(knockOut)}`;
  return kept.of(model, key, () => statesOf(model, image, knockOut));
}
