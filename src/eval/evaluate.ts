/** One pass of a model over examples: answers, lens and attention, measured. */
import { mustBe } from "../common/errors.ts";
import type { Size } from "../common/image.ts";
import { type Encoder, openEncoder } from "../data/encode.ts";
import { type Example, type ExampleRef, refsApart } from "../data/example.ts";
import { type ExampleInput, exampleRefs } from "../data/example-input.ts";
import { type HostArray, int32 } from "../engine/host.ts";
import { logitsAt, type MapArrays, mapsOf } from "../lens/traced.ts";
import { type Display, displayed, imageTokensOf } from "../models/inputs/images.ts";
import { layoutKey } from "../models/inputs/layout.ts";
import { type RowRoom, tightRoom } from "../models/inputs/padding.ts";
import { imagesSeeQuestion } from "../nn/visibility.ts";
import { type Answer, answerText, endIds } from "../vlm/answer.ts";
import { decodeGreedy } from "../vlm/decode.ts";
import { runOn, type Vlm } from "../vlm/open.ts";
import { type AskedRow, extentOf, type PackedRows, packRows, shownIn } from "../vlm/pack.ts";
import { planRooms, type RowNeeds, roomIndex } from "../vlm/plan.ts";
import { unknownWords } from "../vlm/words.ts";
import { recordAccuracy } from "./answers.ts";
import type { Item } from "./item.ts";
import { recordAttention, recordLens } from "./maps.ts";
import { type Measurement, openRecorder } from "./measurement.ts";
import { type CrossFitted, type LensCurves, recordLearnt } from "./thresholds.ts";

/** How {@link evaluate} goes over the examples, and who is told of it. */
export interface EvaluateOptions {
  /** Images in one pass; default 32. */
  readonly batch?: number;
  /** Probability from which on the lens says that a patch shows a concept; default 0.5. Beside it one is learnt. */
  readonly threshold?: number;
  /** Room for an answer, its end included, where the examples' own answers are not known; default theirs. */
  readonly answerTokens?: number;
  /** Called with everything the model said and showed about each image, as its batch comes: by shape, not in order. */
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
  /** Questions that hold words which the model cannot tell from each other, and the words. */
  readonly unknown: { readonly questions: number; readonly words: readonly string[] };
}

/**
 * Asks a model every question of the examples, in memory or on disk, by greedy generation, reads its lens for every
 * concept, and follows its attention, batch by batch: rows of about the same length go together, in few shapes, so that
 * few programs serve all.
 */
export async function evaluate(
  model: Vlm,
  given: readonly (ExampleInput | ExampleRef)[],
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const examples = exampleRefs("evaluate", given);
  const { batch = 32, threshold = 0.5, answerTokens = 1, onItem, onProgress } = options;
  const encoder = openEncoder(model);
  const pictures = await Promise.all(examples.map((example) => example.size()));
  checkWords(model, encoder, examples);
  const apart = imagesSeeQuestion(encoder.visibility);
  const rows = apart ? rowsByQuestion(examples) : rowsByImage(examples);
  const sizes = sizesOf(encoder, examples, {
    pictures,
    room: answerTokens,
    ...(apart && { questions: 1 }),
  });
  const batches = await batchesOf(model, encoder, rows, { batch, sizes });
  const recorder = openRecorder();
  const answers: string[][] = examples.map(() => []);
  const curves: LensCurves[] = [];
  let done = 0;
  for (const part of batches) {
    const loaded = await Promise.all(part.rows.map(({ ref }) => ref.load()));
    const output = await runBatch(model, encoder, loaded, { ...sizes, rows: part.size, room: part.room });
    for (const [row, { image, first }] of part.rows.entries()) {
      const item = itemOf(model, output, sizes, row, image, loaded[row]);
      for (const [q, { text }] of item.answers.entries()) answers[image][first + q] = text;
      recordAccuracy(recorder, item, model.asking.places);
      curves.push(...recordLens(recorder, item, threshold));
      recordAttention(recorder, item);
      onItem?.(item);
    }
    done += part.rows.length;
    onProgress?.(Math.round((done / rows.length) * examples.length), examples.length);
  }
  const learnt = recordLearnt(recorder, curves);
  return {
    model: model.name,
    thresholds: { fixed: threshold, ...(learnt !== undefined && { learnt }) },
    counts: countsOf(examples),
    layers: model.facts.layers,
    measurements: recorder.measurements(),
    answers,
    unknown: unknownOf(model, examples),
  };
}

/** What is asked in one row, about which image, and its first question's number. */
interface AskedExample {
  readonly ref: ExampleRef;
  readonly image: number;
  readonly first: number;
}

function rowsByImage(examples: readonly ExampleRef[]): AskedExample[] {
  return examples.map((ref, image) => ({ ref, image, first: 0 }));
}

/** For models whose rows have one question; an image's concepts are read with the first. */
function rowsByQuestion(examples: readonly ExampleRef[]): AskedExample[] {
  return examples.flatMap((example, image) =>
    refsApart(example).map((one, first) => ({ image, first, ref: first === 0 ? one : withoutConcepts(one) })),
  );
}

function withoutConcepts(ref: ExampleRef): ExampleRef {
  return { ...ref, concepts: [], load: async () => ({ ...(await ref.load()), concepts: [] }) };
}

/** Rows of one shape, which a program takes `size` at a time. */
interface RowBatch {
  readonly rows: readonly AskedExample[];
  readonly size: number;
  readonly room: RowRoom;
}

/** Columns of a batch at most, beyond a first row: what a pass holds grows with them. */
const COLUMNS = 2 ** 15;

/** Rows in the order of their rooms, otherwise as they come; the batches of a room have one size. */
async function batchesOf(
  model: Vlm,
  encoder: Encoder,
  rows: readonly AskedExample[],
  { batch, sizes }: { readonly batch: number; readonly sizes: Sizes },
): Promise<RowBatch[]> {
  const rule = model.family.pixels;
  const needs: RowNeeds[] = [];
  for (const { ref } of rows) {
    const size = await ref.size();
    const prefix = encoder.prefix(model.reader.measure(size));
    const questions = ref.questions.map((question) => encoder.question(question, size).asked);
    const extent = extentOf({ prefix: prefix.ids, layout: prefix.layout, questions }, sizes.answerTokens);
    needs.push({ room: tightRoom(extent, rule), counts: {} });
  }
  if (rows.length === 0) return [];
  const plan = planRooms(needs, rule);
  return plan.rooms.flatMap(({ room }, i) => {
    const own = rows.filter((_, row) => roomIndex(plan, needs[row]) === i);
    const most = Math.max(1, Math.min(batch, Math.floor(COLUMNS / room.length)));
    const size = Math.ceil(own.length / Math.ceil(own.length / most));
    const parts = Array.from({ length: Math.ceil(own.length / size) || 0 }, (_, k) =>
      own.slice(k * size, (k + 1) * size),
    );
    return parts.map((part) => ({ rows: part, size, room }));
  });
}

/** A concept that a model cannot read would silently become another: what its lens shows would mean nothing. */
function checkWords(model: Vlm, encoder: Encoder, examples: readonly ExampleRef[]): void {
  const { unk } = model.chat.tokenizer.special;
  if (unk === undefined) return;
  const words = new Set(examples.flatMap(({ concepts }) => concepts.map(({ word }) => word)));
  for (const word of words)
    if (encoder.word(word).includes(unk))
      throw mustBe("eval", "every concept", `one that ${model.name} knows`, word, "choose other data");
}

/** Questions with words that a model takes for one and the same, and these words. */
function unknownOf(model: Vlm, examples: readonly ExampleRef[]): Evaluation["unknown"] {
  const asked = examples.flatMap(({ questions }) => questions.map(({ question }) => question));
  const found = asked.map((question) => unknownWords(model, question)).filter(({ length }) => length > 0);
  return { questions: found.length, words: [...new Set(found.flat())] };
}

/** Numbers that are the same for all rows. */
interface Sizes {
  readonly questions: number;
  /** Most tokens of an answer, its end among them. */
  readonly answerTokens: number;
  readonly concepts: number;
  readonly conceptTokens: number;
}

interface SizeFacts {
  /** Of the examples' pictures. */
  readonly pictures: readonly Size[];
  /** Least room for an answer. */
  readonly room: number;
  /** Of a row, where that is not how many the examples have. */
  readonly questions?: number;
}

function sizesOf(
  encoder: Encoder,
  examples: readonly ExampleRef[],
  { pictures, room, questions }: SizeFacts,
): Sizes {
  const most = (of: (example: ExampleRef, i: number) => number) =>
    examples.reduce((largest, example, i) => Math.max(largest, of(example, i)), 1);
  const lengths = (example: ExampleRef, i: number) =>
    example.questions.map((question) => encoder.question(question, pictures[i]).answer.length);
  return {
    questions: questions ?? most((example) => example.questions.length),
    answerTokens: most((example, i) => Math.max(room, ...lengths(example, i))),
    concepts: most(({ concepts }) => concepts.length),
    conceptTokens: most(({ concepts }) =>
      Math.max(1, ...concepts.map(({ word }) => encoder.word(word).length)),
    ),
  };
}

interface BatchOutput {
  readonly rows: PackedRows;
  readonly displays: readonly Display[];
  readonly answers: readonly (readonly Answer[])[];
  readonly maps: MapArrays<HostArray>;
  /** [B][K] tokens of each concept word. */
  readonly conceptTokens: readonly (readonly number[])[];
}

async function runBatch(
  model: Vlm,
  encoder: Encoder,
  examples: readonly Example[],
  sizes: Sizes & { readonly rows: number; readonly room: RowRoom },
): Promise<BatchOutput> {
  const images = examples.map(({ image }) => model.reader.preprocess(image));
  const asked = examples.map(({ questions, image }, b): AskedRow => {
    const { ids, layout } = encoder.prefix({ ...images[b], tokens: imageTokensOf(images[b]) });
    return {
      prefix: ids,
      layout,
      image: images[b],
      questions: questions.map((q) => encoder.question(q, image).asked),
    };
  });
  const { questions, answerTokens, room } = sizes;
  const rows = packRows(model, asked, { questions, answerTokens, room, rows: sizes.rows, pad: encoder.pad });
  const step = logitsAt(model, rows.layout);
  const place = layoutKey(rows.layout);
  const logits = (inputs: unknown, at: unknown) =>
    runOn<HostArray>(model, `logits at, ${place}`, step, [inputs, at]);
  const answers = await decodeGreedy(rows, logits, endIds(model), model.repetitionPenalty);
  const words = examples.map(({ concepts }) => concepts.map(({ word }) => encoder.word(word)));
  const maps = mapsOf(model, rows.layout);
  const args = [rows.inputs, queryPositions(rows, answers), conceptIds(words, sizes, sizes.rows)];
  return {
    rows,
    displays: images.map((image, b) => shownIn(rows, b, image)),
    answers,
    maps: await runOn<MapArrays<HostArray>>(model, `maps, ${place}`, maps, args),
    conceptTokens: words.map((ofImage) => ofImage.map(({ length }) => length)),
  };
}

/** [B, 2 Q]: what predicts each first answer token, then where each last answer token stands. */
function queryPositions(packed: PackedRows, answers: readonly (readonly Answer[])[]): HostArray {
  const { rows, questions, answerTokens } = packed;
  const positions = int32([rows, 2 * questions]);
  for (const [b, ofImage] of packed.answers.entries())
    for (const [q, columns] of ofImage.entries()) {
      const last = Math.min(answers[b][q].ids.length, answerTokens - 1);
      positions.data[b * 2 * questions + q] = columns[0];
      positions.data[(b * 2 + 1) * questions + q] = columns[last];
    }
  return positions;
}

/** [B, K, C], padded with token 0. */
function conceptIds(
  words: readonly (readonly (readonly number[])[])[],
  { concepts, conceptTokens }: Sizes,
  rows: number,
): HostArray {
  const ids = int32([rows, concepts, conceptTokens]);
  for (const [b, ofImage] of words.entries())
    for (const [k, word] of ofImage.entries()) ids.data.set(word, (b * concepts + k) * conceptTokens);
  return ids;
}

function itemOf(
  model: Vlm,
  output: BatchOutput,
  sizes: Sizes,
  row: number,
  image: number,
  example: Example,
): Item {
  const { maps, answers, conceptTokens } = output;
  const display = output.displays[row];
  const Q = sizes.questions;
  const { attentionLayers } = model.facts;
  const attention = (query: number) =>
    attentionByLayer(maps, row, query, display).map((at, i) => ({ ...at, layer: attentionLayers[i] + 1 }));
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
      maps.conceptLogProbabilities.map((log) =>
        displayed(conceptProbability(log, row, k, conceptTokens[row][k]), display),
      ),
    ),
  };
}

/** Mean over heads of one query's attention over the patches, by layer. */
function attentionByLayer({ logImage, share }: MapArrays<HostArray>, b: number, r: number, display: Display) {
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

function countsOf(examples: readonly ExampleRef[]) {
  const total = (of: (example: ExampleRef) => number) =>
    examples.reduce((sum, example) => sum + of(example), 0);
  return {
    images: examples.length,
    questions: total(({ questions }) => questions.length),
    concepts: total(({ concepts }) => concepts.length),
  };
}
