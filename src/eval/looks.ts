/** What a model says and shows of a batch: one generation gives answers, their attention, and each picture's lens. */
import type { Encoder } from "../data/encode.ts";
import type { Example } from "../data/example.ts";
import { type HostArray, int32 } from "../engine/host.ts";
import { conceptLens } from "../lens/traced.ts";
import type { Generation, PromptReading, PromptRow } from "../models/contract/generation.ts";
import {
  type Display,
  displayed,
  displayOf,
  imageTokensOf,
  type ProcessedImage,
} from "../models/inputs/images.ts";
import type { RowLayout } from "../models/inputs/inputs.ts";
import { fewSizes, imagePlaces } from "../models/inputs/padding.ts";
import { answerText, decodingOf } from "../vlm/answer.ts";
import { configKey, type Vlm } from "../vlm/open.ts";
import { placed } from "../vlm/pack.ts";
import type { RowBatch, Sizes } from "./batches.ts";
import type { AttentionOfQuery, Item } from "./item.ts";

/** What of an item the model gives. */
export type Look = Pick<Item, "geometry" | "answers" | "attention" | "lens">;

export interface Looks {
  /** One for each example, which are those of the batch. */
  at(examples: readonly Example[], batch: RowBatch): Promise<Look[]>;
}

/** An example in tokens. */
interface Prepared {
  readonly image: ProcessedImage;
  readonly prefix: readonly number[];
  readonly layout: RowLayout;
  readonly questions: readonly (readonly number[])[];
  /** Tokens of each concept word. */
  readonly words: readonly (readonly number[])[];
}

export function openLooks(model: Vlm, encoder: Encoder, sizes: Sizes): Looks {
  const { answerTokens, questions: width } = sizes;
  const programs = { functions: model.programs, kind: configKey(model) };
  const options = { maxNewTokens: answerTokens, ...decodingOf(model), imageAttention: true, programs };
  const generator = model.family.createGenerator(options);
  return {
    async at(examples, { size, room }) {
      const prepared = examples.map((example) => prepare(model, encoder, example));
      const lens: Float32Array[][][] = prepared.map(() => []);
      const prompts = prepared.map(promptsOf);
      const said = await generator.generate(model.params, prompts.flat(), {
        maxNewTokens: prepared.some(({ questions }) => questions.length > 0) ? answerTokens : 1,
        room: { room, width, batch: size },
        reading: lensReading(model, prepared, { ...sizes, most: size }, lens),
      });
      return prepared.map(({ image, questions }, b) => {
        const own = said.slice(firstOf(prompts, b), firstOf(prompts, b) + questions.length);
        const display = displayOf(image);
        return {
          geometry: display.geometry,
          answers: own.map(({ tokens, ended }) => ({
            text: answerText(model, ended ? tokens.slice(0, -1) : tokens),
            ended,
          })),
          attention: own.map((generation) => attentionOf(model, generation, display)),
          lens: lens[b],
        };
      });
    },
  };
}

/** The number of an example's first prompt. */
const firstOf = (prompts: readonly (readonly PromptRow[])[], b: number) => prompts.slice(0, b).flat().length;

function prepare(model: Vlm, encoder: Encoder, { image, questions, concepts }: Example): Prepared {
  const processed = model.reader.preprocess(image);
  const { ids: prefix, layout } = encoder.prefix({ ...processed, tokens: imageTokensOf(processed) });
  return {
    image: processed,
    prefix,
    layout,
    questions: questions.map((question) => encoder.question(question, image).asked),
    words: concepts.map(({ word }) => encoder.word(word)),
  };
}

/** A picture of which nothing is asked is seen under its prefix alone; what would be said then is left out. */
function promptsOf({ prefix, layout, image, questions }: Prepared): PromptRow[] {
  const asked = questions.length > 0 ? questions : [[]];
  return asked.map((question) => ({ ids: [...prefix, ...question], layout, images: [image] }));
}

/** Of what predicted the first token, and of what predicted the last: the answer's last token, or that of a full room before it. */
function attentionOf(model: Vlm, { imageAttention }: Generation, display: Display): AttentionOfQuery[] {
  const { attentionLayers } = model.facts;
  const layersOf = (token: readonly HostArray<"float32">[] = []) =>
    token.map((heads, l) => ({ ...meanAttention(heads, display), layer: attentionLayers[l] + 1 }));
  return [
    { query: "predicting", layers: layersOf(imageAttention[0]) },
    { query: "last-answer", layers: layersOf(imageAttention.at(-1)) },
  ];
}

/** [H, N] -> the mean over heads of each head's attention over the patches, and of its share of all attention. */
function meanAttention({ data, shape: [H, N] }: HostArray<"float32">, display: Display) {
  const map = new Float32Array(N);
  let share = 0;
  for (let h = 0; h < H; h++) {
    const head = data.subarray(h * N, (h + 1) * N);
    const onImage = head.reduce((sum, value) => sum + value, 0);
    if (onImage > 0) for (let n = 0; n < N; n++) map[n] += head[n] / onImage / H;
    share += onImage / H;
  }
  return { map: displayed(map, display), share };
}

/**
 * Reads into `lens`, for each example, by concept and layer, the probability of the concept's word at each patch. Pictures of
 * which no concept is asked are left out; where images see the question, they see the first.
 */
function lensReading(
  model: Vlm,
  prepared: readonly Prepared[],
  sizes: Sizes & { readonly most: number },
  lens: Float32Array[][][],
): PromptReading | undefined {
  const asked = [...prepared.keys()].filter((b) => prepared[b].words.length > 0);
  if (asked.length === 0) return undefined;
  const count = Math.min(sizes.most, fewSizes(asked.length));
  const first = (b: number) => firstOf(prepared.map(promptsOf), b);
  return {
    name: "concept lens",
    read: conceptLens(model),
    args: ({ rowOf }) => [
      int32(
        [count],
        Array.from({ length: count }, (_, i) => rowOf[first(asked[i] ?? asked[0])]),
      ),
      conceptIds(
        asked.map((b) => prepared[b]),
        sizes,
        count,
      ),
    ],
    onRead(layers, { layout }) {
      for (const [i, b] of asked.entries()) {
        const { image, words, layout: own } = prepared[b];
        const display = placed(displayOf(image), imagePlaces(own, layout));
        lens[b] = words.map(({ length }, k) =>
          layers.map((log) => displayed(conceptProbability(log, i, k, length), display)),
        );
      }
    },
  };
}

/** [B, K, C], padded with token 0. */
function conceptIds(
  prepared: readonly Prepared[],
  { concepts, conceptTokens }: Sizes,
  rows: number,
): HostArray {
  const ids = int32([rows, concepts, conceptTokens]);
  for (const [b, { words }] of prepared.entries())
    for (const [k, word] of words.entries()) ids.data.set(word, (b * concepts + k) * conceptTokens);
  return ids;
}

/** exp of the mean over a word's tokens of log p [B, K, C, N], for one image and concept: [N]. */
function conceptProbability({ data, shape }: HostArray, b: number, k: number, tokens: number): Float32Array {
  const [, K, C, N] = shape;
  const map = new Float32Array(N);
  for (let c = 0; c < tokens; c++)
    for (let n = 0; n < N; n++) map[n] += data[((b * K + k) * C + c) * N + n] / tokens;
  return map.map(Math.exp);
}
