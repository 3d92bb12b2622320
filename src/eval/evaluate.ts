import { mustBe } from "../common/errors.ts";
import { type Encoder, openEncoder } from "../data/encode.ts";
import { type Example, questionsApart } from "../data/example.ts";
import { type HostArray, int32 } from "../engine/host.ts";
import { type LookArrays, logitsAt, lookAround } from "../lens/traced.ts";
import { type Display, displayed, displayOf } from "../models/images.ts";
import { layoutKey } from "../models/layout.ts";
import { answerText, endIds } from "../vlm/answer.ts";
import { type Answer, decodeGreedy, type PackedRows, packRows, type RowSizes } from "../vlm/decode.ts";
import { runOn, stackPixels, type Vlm } from "../vlm/open.ts";
import { recordAccuracy } from "./answers.ts";
import type { Item } from "./item.ts";
import { recordAttention, recordLens } from "./maps.ts";
import { type Measurement, openRecorder } from "./measurement.ts";
import { type CrossFitted, type LensCurves, recordLearnt } from "./thresholds.ts";

export interface EvaluateOptions {
  /** Images in one pass; default 32. */
  readonly batch?: number;
  /** Probability from which on the lens says that a patch shows a concept; default 0.5. Beside it one is learnt. */
  readonly threshold?: number;
  /** Room for an answer, its end included, where the examples' own answers are not known; default theirs. */
  readonly answerTokens?: number;
  /** Called with everything the model said and showed about each image, in order. */
  readonly onItem?: (item: Item) => void;
  /** Called after each batch with the number of images done. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Everything measured on one model. */
export interface Evaluation {
  readonly model: string;
  readonly counts: { readonly images: number; readonly questions: number; readonly concepts: number };
  /** Decoder layers, L. */
  readonly layers: number;
  readonly measurements: readonly Measurement[];
  /** Probabilities from which on the lens counts as saying a word. */
  readonly thresholds: { readonly fixed: number; readonly learnt?: CrossFitted };
  /** The generated answers, by image and question. */
  readonly answers: readonly (readonly string[])[];
}

/**
 * Asks a model every question of the examples by greedy generation, reads its lens for every concept, and
 * follows its attention, batch by batch with shapes that never change, so that two programs serve all.
 */
export async function evaluate(
  model: Vlm,
  examples: readonly Example[],
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const { batch = 32, threshold = 0.5, answerTokens = 1, onItem, onProgress } = options;
  const encoder = openEncoder(model);
  checkWords(model, encoder, examples);
  const rows = encoder.wholePrefix ? rowsByQuestion(examples) : rowsByImage(examples);
  const shown = rows.map(({ example }) => example);
  const sizes = sizesOf(encoder, shown, Math.min(batch, rows.length), answerTokens);
  const recorder = openRecorder();
  const answers: string[][] = examples.map(() => []);
  const curves: LensCurves[] = [];
  for (let start = 0; start < rows.length; start += sizes.rows.images) {
    const some = rows.slice(start, start + sizes.rows.images);
    const seen = await seeBatch(model, encoder, shown.slice(start, start + some.length), sizes);
    for (const [row, { example, image }] of some.entries()) {
      const item = itemOf(model, seen, sizes, row, image, example);
      answers[image].push(...item.answers.map(({ text }) => text));
      recordAccuracy(recorder, item, model.asking.places);
      curves.push(...recordLens(recorder, item, threshold));
      recordAttention(recorder, item);
      onItem?.(item);
    }
    onProgress?.(some[some.length - 1].image + 1, examples.length);
  }
  const learnt = recordLearnt(recorder, curves);
  return {
    model: model.name,
    thresholds: { fixed: threshold, ...(learnt !== undefined && { learnt }) },
    counts: countsOf(examples),
    layers: model.facts.layers,
    measurements: recorder.measurements(),
    answers,
  };
}

/** What is asked in one row, and about which image. */
interface Row {
  readonly example: Example;
  readonly image: number;
}

function rowsByImage(examples: readonly Example[]): Row[] {
  return examples.map((example, image) => ({ example, image }));
}

/** For models whose rows have one question; an image's concepts are read with the first. */
function rowsByQuestion(examples: readonly Example[]): Row[] {
  return examples.flatMap((example, image) =>
    questionsApart(example).map((one, i) => ({ image, example: i === 0 ? one : { ...one, concepts: [] } })),
  );
}

/** A word that a model cannot read would silently become another: its scores would mean nothing. */
function checkWords(model: Vlm, encoder: Encoder, examples: readonly Example[]): void {
  const { unk } = model.chat.tokenizer.special;
  if (unk === undefined) return;
  for (const { questions, concepts } of examples) {
    const asked = questions.map((q) => [q.question, encoder.question(q).question] as const);
    const words = concepts.map(({ word }) => [word, encoder.word(word)] as const);
    const unknown = [...asked, ...words].find(([, ids]) => ids.includes(unk));
    if (unknown !== undefined)
      throw mustBe("eval", "every word", `one that ${model.name} knows`, unknown[0], "choose other data");
  }
}

interface Sizes {
  readonly rows: RowSizes;
  readonly concepts: number;
  readonly conceptTokens: number;
}

function sizesOf(encoder: Encoder, examples: readonly Example[], images: number, room: number): Sizes {
  const most = (of: (example: Example) => number) =>
    examples.reduce((largest, example) => Math.max(largest, of(example)), 1);
  const encoded = (example: Example) => example.questions.map(encoder.question);
  return {
    rows: {
      images,
      questions: most(({ questions }) => questions.length),
      questionTokens: most((example) =>
        encoded(example).reduce((sum, { question }) => sum + question.length, 0),
      ),
      answerTokens: most((example) => Math.max(room, ...encoded(example).map(({ answer }) => answer.length))),
    },
    concepts: most(({ concepts }) => concepts.length),
    conceptTokens: most(({ concepts }) =>
      Math.max(1, ...concepts.map(({ word }) => encoder.word(word).length)),
    ),
  };
}

interface Seen {
  readonly rows: PackedRows;
  readonly displays: readonly Display[];
  readonly answers: readonly (readonly Answer[])[];
  readonly look: LookArrays<HostArray>;
  /** [B][K] tokens of each concept word. */
  readonly conceptTokens: readonly (readonly number[])[];
}

async function seeBatch(
  model: Vlm,
  encoder: Encoder,
  examples: readonly Example[],
  sizes: Sizes,
): Promise<Seen> {
  const images = examples.map(({ image }) => model.reader.see(image));
  const questions = examples.map((example) => example.questions.map((q) => encoder.question(q).question));
  const { prefix, layout, pad, wholePrefix } = encoder;
  const pixelValues = stackPixels(images, sizes.rows.images);
  const rows = packRows({ pixelValues, prefix, questions, layout, pad, wholePrefix }, sizes.rows);
  const step = logitsAt(model, rows.layout);
  const place = layoutKey(rows.layout);
  const logits = (inputs: unknown, at: unknown) =>
    runOn<HostArray>(model, `logits at, ${place}`, step, [inputs, at]);
  const answers = await decodeGreedy(rows, logits, endIds(model));
  const words = examples.map(({ concepts }) => concepts.map(({ word }) => encoder.word(word)));
  const look = lookAround(model, rows.layout);
  const args = [rows.inputs, queryPositions(rows, answers), conceptIds(words, sizes)];
  return {
    rows,
    displays: images.map(displayOf),
    answers,
    look: await runOn<LookArrays<HostArray>>(model, `look around, ${place}`, look, args),
    conceptTokens: words.map((ofImage) => ofImage.map(({ length }) => length)),
  };
}

/** [B, 2 Q]: what predicts each first answer token, then where each last answer token stands. */
function queryPositions({ starts, sizes }: PackedRows, answers: readonly (readonly Answer[])[]): HostArray {
  const { images, questions, answerTokens } = sizes;
  const positions = int32([images, 2 * questions]);
  for (const [b, ofImage] of starts.entries())
    for (const [q, start] of ofImage.entries()) {
      const last = Math.min(answers[b][q].ids.length, answerTokens - 1);
      positions.data[b * 2 * questions + q] = start;
      positions.data[(b * 2 + 1) * questions + q] = start + last;
    }
  return positions;
}

/** [B, K, C], padded with token 0. */
function conceptIds(words: readonly (readonly (readonly number[])[])[], sizes: Sizes): HostArray {
  const { concepts, conceptTokens } = sizes;
  const ids = int32([sizes.rows.images, concepts, conceptTokens]);
  for (const [b, ofImage] of words.entries())
    for (const [k, word] of ofImage.entries()) ids.data.set(word, (b * concepts + k) * conceptTokens);
  return ids;
}

function itemOf(model: Vlm, seen: Seen, sizes: Sizes, row: number, image: number, example: Example): Item {
  const { look, answers, conceptTokens } = seen;
  const display = seen.displays[row];
  const Q = sizes.rows.questions;
  const attention = (query: number) => attentionLayers(look, row, query, display);
  return {
    image,
    example,
    geometry: display.geometry,
    answers: answers[row].map(({ ids, ended }) => ({ text: answerText(model, ids), ended })),
    attention: example.questions.map((_, q) => [
      { query: "predicting", layers: attention(q) },
      { query: "last-answer", layers: attention(Q + q) },
    ]),
    lens: example.concepts.map((_, k) =>
      look.conceptLogProbabilities.map((log) =>
        displayed(conceptProbability(log, row, k, conceptTokens[row][k]), display),
      ),
    ),
  };
}

/** Mean over heads of one query's attention over the patches, by layer. */
function attentionLayers({ logImage, share }: LookArrays<HostArray>, b: number, r: number, display: Display) {
  return logImage.map(({ data, shape }, l) => {
    const [, H, R, N] = shape;
    const map = new Float32Array(N);
    let onImage = 0;
    for (let h = 0; h < H; h++) {
      const at = (b * H + h) * R + r;
      for (let n = 0; n < N; n++) map[n] += Math.exp(data[at * N + n]) / H;
      onImage += share[l].data[at] / H;
    }
    return { map: displayed(map, display), share: onImage };
  });
}

/** exp of the mean over a word's tokens of log p [B, K, C, N], for one image and concept: [N]. */
function conceptProbability({ data, shape }: HostArray, b: number, k: number, tokens: number): Float32Array {
  const [, K, C, N] = shape;
  const map = new Float32Array(N);
  for (let c = 0; c < tokens; c++)
    for (let n = 0; n < N; n++) map[n] += data[((b * K + k) * C + c) * N + n] / tokens;
  return map.map(Math.exp);
}

function countsOf(examples: readonly Example[]) {
  const total = (of: (example: Example) => number) => examples.reduce((sum, example) => sum + of(example), 0);
  return {
    images: examples.length,
    questions: total(({ questions }) => questions.length),
    concepts: total(({ concepts }) => concepts.length),
  };
}
