/** What a model says and shows of a batch: answers with their attention by generation, then its lens, once for each picture. */
import type { Encoder } from "../data/encode.ts";
import type { Example } from "../data/example.ts";
import { type HostArray, int32 } from "../engine/host.ts";
import { conceptLens } from "../lens/traced.ts";
import type { Generation, PromptRow } from "../models/contract/generation.ts";
import {
  type Display,
  displayed,
  displayOf,
  imageTokensOf,
  type ProcessedImage,
} from "../models/inputs/images.ts";
import type { RowLayout } from "../models/inputs/inputs.ts";
import { layoutKey } from "../models/inputs/layout.ts";
import { fewSizes } from "../models/inputs/padding.ts";
import { imagesSeeQuestion } from "../nn/visibility.ts";
import { answerText, decodingOf } from "../vlm/answer.ts";
import { configKey, runOn, type Vlm } from "../vlm/open.ts";
import { packRows, shownIn } from "../vlm/pack.ts";
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
  const { answerTokens: maxNewTokens, questions: width } = sizes;
  const programs = { functions: model.programs, kind: configKey(model) };
  const options = { maxNewTokens, ...decodingOf(model), imageAttention: true, programs };
  const generator = model.family.createGenerator(options);
  return {
    async at(examples, { size, room }) {
      const prepared = examples.map((example) => prepare(model, encoder, example));
      const prompts = prepared.map(promptsOf);
      const said =
        prompts.flat().length === 0
          ? []
          : await generator.generate(model.params, prompts.flat(), { room: { room, width, batch: size } });
      const lens = await lensOf(model, prepared, { ...sizes, rows: size, pad: encoder.pad });
      let first = 0;
      return prepared.map(({ image }, b) => {
        const own = said.slice(first, first + prompts[b].length);
        first += own.length;
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

function promptsOf({ prefix, layout, image, questions }: Prepared): PromptRow[] {
  return questions.map((question) => ({ ids: [...prefix, ...question], layout, images: [image] }));
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
 * For each example, by concept and layer, the probability of the concept's word at each patch. What no concept is asked of is
 * not computed; where images see the question, they see the first.
 */
async function lensOf(
  model: Vlm,
  prepared: readonly Prepared[],
  sizes: Sizes & { readonly rows: number; readonly pad: number },
): Promise<Float32Array[][][]> {
  const seesQuestion = imagesSeeQuestion(model.family.visibility);
  const asked = prepared.filter(({ words }) => words.length > 0);
  if (asked.length === 0) return prepared.map(() => []);
  const rows = packRows(
    model,
    asked.map((one) => ({ ...one, questions: seesQuestion ? one.questions.slice(0, 1) : [] })),
    { answerTokens: 1, rows: Math.min(sizes.rows, fewSizes(asked.length)), pad: sizes.pad },
  );
  const args = [rows.inputs, conceptIds(asked, sizes, rows.rows)];
  const kind = `concept lens, ${layoutKey(rows.layout)}`;
  const layers = await runOn<HostArray[]>(model, kind, conceptLens(model, rows.layout), args);
  return prepared.map((one) => {
    const b = asked.indexOf(one);
    return one.words.map(({ length }, k) => {
      const display = shownIn(rows, b, one.image);
      return layers.map((log) => displayed(conceptProbability(log, b, k, length), display));
    });
  });
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
