/** One pass of a model over examples: answers, lens and attention, measured. */
import { mustBe } from "../common/errors.ts";
import type { Size } from "../common/image.ts";
import { type Encoder, openEncoder } from "../data/encode.ts";
import { type ExampleRef, refsApart } from "../data/example.ts";
import { type ExampleInput, exampleRefs } from "../data/example-input.ts";
import { imagesSeeQuestion } from "../nn/visibility.ts";
import type { Vlm } from "../vlm/open.ts";
import { unknownWords } from "../vlm/words.ts";
import { recordAccuracy } from "./answers.ts";
import { type AskedExample, batchesOf, type Sizes } from "./batches.ts";
import type { Item } from "./item.ts";
import { openLooks } from "./looks.ts";
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
 * Asks a model every question of the examples, in memory or on disk, by greedy generation, following its attention, and
 * reads its lens for every concept, batch by batch: rows of about the same length go together, in few shapes, so that few
 * programs serve all.
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
  const looks = openLooks(model, encoder, sizes);
  const recorder = openRecorder();
  const answers: string[][] = examples.map(() => []);
  const curves: LensCurves[] = [];
  let done = 0;
  for (const part of batches) {
    const loaded = await Promise.all(part.rows.map(({ ref }) => ref.load()));
    for (const [row, look] of (await looks.at(loaded, part)).entries()) {
      const { image, first } = part.rows[row];
      const item: Item = { image, example: loaded[row], ...look };
      for (const [q, { text }] of item.answers.entries()) answers[image][first + q] = text;
      recorder.startItem(rows.indexOf(part.rows[row]));
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

function countsOf(examples: readonly ExampleRef[]) {
  const total = (of: (example: ExampleRef) => number) =>
    examples.reduce((sum, example) => sum + of(example), 0);
  return {
    images: examples.length,
    questions: total(({ questions }) => questions.length),
    concepts: total(({ concepts }) => concepts.length),
  };
}
