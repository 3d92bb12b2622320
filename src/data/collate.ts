/**
 * Examples to the arrays of a training step.
 *
 *     openCollator(tools, sizes)      -> Collator: collate(examples) -> {batch, layout}
 *     batchSizes(tools, examples)     -> the smallest BatchSizes that hold these examples
 */
import { mustBe } from "../common/errors.ts";
import { float32, type HostArray, int32 } from "../engine/host.ts";
import { coverage } from "../grounding/coverage.ts";
import { type TargetOptions, targetMap } from "../grounding/target.ts";
import type { Batch } from "../losses/batch.ts";
import type { SeenImage } from "../models/images.ts";
import { type ImageLayout, segmentsOf } from "../models/inputs.ts";
import { imageTokenCount } from "../models/layout.ts";
import { type CollateTools, type EncodedQuestion, type Encoder, openEncoder } from "./encode.ts";
import type { Example, Texts } from "./example.ts";

/** Sizes of a batch besides B and N: S, Q, A, K and C of {@link Batch}. */
export interface BatchSizes {
  readonly sequence: number;
  readonly questions: number;
  readonly answers: number;
  readonly concepts: number;
  readonly conceptTokens: number;
}

export interface Collator {
  readonly sizes: BatchSizes;
  readonly layout: ImageLayout;
  /** Throws a UserError that names the first example that does not fit. */
  collate(examples: readonly Example[]): { batch: Batch<HostArray>; layout: ImageLayout };
}

/** `targets`: how regions become target maps, see {@link targetMap}. */
export function openCollator(
  tools: CollateTools,
  sizes: BatchSizes,
  targets: Partial<TargetOptions> = {},
): Collator {
  const encoder = openEncoder(tools);
  const { layout } = encoder;
  return {
    sizes,
    layout,
    collate(examples) {
      const batch = emptyBatch(encoder, sizes, examples.length);
      for (const [row, example] of examples.entries()) {
        const encoded = encodeExample(encoder, example);
        mustFit(example, neededSizes(encoder, encoded), sizes);
        const seen = fillPixels(batch, row, tools, example);
        fillTokens(batch, row, encoder, encoded);
        fillConcepts(batch, row, encoded, example, seen);
        fillTargets(batch, row, example, seen, targets);
      }
      return { batch, layout };
    },
  };
}

/** Rows of this many sequence positions: a multiple of the width of vector instructions. */
const SEQUENCE_MULTIPLE = 8;

/** The smallest sizes that hold every one of the examples; the sequence is rounded up to a multiple of 8. */
export function batchSizes(tools: CollateTools, examples: Iterable<Texts>): BatchSizes {
  const encoder = openEncoder(tools);
  const largest = {
    sequence: encoder.prefix.length,
    questions: 1,
    answers: 1,
    concepts: 1,
    conceptTokens: 1,
  };
  for (const example of examples) {
    const needed = neededSizes(encoder, encodeExample(encoder, example));
    for (const name of sizeNames) largest[name] = Math.max(largest[name], needed[name]);
  }
  return { ...largest, sequence: Math.ceil(largest.sequence / SEQUENCE_MULTIPLE) * SEQUENCE_MULTIPLE };
}

const sizeNames = ["sequence", "questions", "answers", "concepts", "conceptTokens"] as const;

interface EncodedExample {
  readonly questions: readonly EncodedQuestion[];
  readonly words: readonly (readonly number[])[];
}

function encodeExample(encoder: Encoder, { id, questions, concepts }: Texts): EncodedExample {
  if (encoder.wholePrefix && questions.length > 1)
    throw mustBe(
      "collate",
      `questions of example ${id}`,
      "at most 1 for a model whose image tokens see the question",
      questions.length,
      "give each question an example of its own",
    );
  return {
    questions: questions.map(encoder.question),
    words: concepts.map(({ word }) => encoder.word(word)),
  };
}

function neededSizes({ prefix }: Encoder, { questions, words }: EncodedExample): BatchSizes {
  return {
    sequence: questions.reduce(
      (sum, { question, answer }) => sum + lengthOf(question, answer),
      prefix.length,
    ),
    questions: questions.length,
    answers: questions.reduce((sum, { answer }) => sum + answer.length, 0),
    concepts: words.length,
    conceptTokens: words.reduce((longest, { length }) => Math.max(longest, length), 0),
  };
}

/** The answer's end is predicted but predicts nothing: it does not stand in the row. */
function lengthOf(question: readonly number[], answer: readonly number[]): number {
  return question.length + answer.length - 1;
}

function mustFit({ id }: Example, needed: BatchSizes, sizes: BatchSizes): void {
  for (const name of sizeNames) {
    if (needed[name] <= sizes[name]) continue;
    throw mustBe(
      "collate",
      `${name} of example ${id}`,
      `at most ${sizes[name]}`,
      needed[name],
      `raise ${name}`,
    );
  }
}

type WritableBatch = ReturnType<typeof emptyBatch>;

/** All padding: token 0 at position 0 that sees nothing and is asked nothing. */
function emptyBatch({ layout, pixels, pad }: Encoder, sizes: BatchSizes, B: number) {
  const { sequence: S, questions: Q, answers: A, concepts: K, conceptTokens: C } = sizes;
  const N = imageTokenCount(layout);
  const batch = {
    pixelValues: float32([B * pixels[0], ...pixels.slice(1)]),
    inputIds: int32([B, S]),
    positionIds: int32([B, S]),
    segmentIds: int32([B, S]),
    answerPositions: int32([B, A]),
    answerIds: int32([B, A]),
    answerMask: float32([B, A]),
    answerQuestions: int32([B, A]),
    conceptIds: int32([B, K, C]),
    conceptTokenMask: float32([B, K, C]),
    conceptCoverage: float32([B, K, N]),
    lastAnswerPositions: int32([B, Q]),
    attentionTargets: float32([B, Q, N]),
  } satisfies Batch<HostArray>;
  batch.inputIds.data.fill(pad);
  batch.segmentIds.data.fill(-1);
  batch.answerQuestions.data.fill(-1);
  return batch;
}

function fillPixels(
  { pixelValues }: WritableBatch,
  row: number,
  { reader }: CollateTools,
  example: Example,
): SeenImage {
  const seen = reader.see(example.image);
  pixelValues.data.set(seen.pixelValues.data, row * seen.pixelValues.data.length);
  return seen;
}

/** Writes `<prefix> <question 1> <answer 1> <question 2> ...`; every question's positions follow the prefix. */
function fillTokens(
  batch: WritableBatch,
  row: number,
  { prefix, wholePrefix }: Encoder,
  { questions }: EncodedExample,
): void {
  const [S, A, Q] = [batch.inputIds, batch.answerIds, batch.lastAnswerPositions].map(({ shape }) => shape[1]);
  let at = writeTokens(batch, row * S, prefix, { position: 0, segment: 0 });
  let answered = row * A;
  for (const [q, { question, answer }] of questions.entries()) {
    const segments = segmentsOf(q, wholePrefix);
    const position = prefix.length;
    const first = at - row * S + question.length - 1;
    at = writeTokens(batch, at, question, { position, segment: segments.question });
    const said = { position: position + question.length, segment: segments.answer };
    at = writeTokens(batch, at, answer.slice(0, -1), said);
    batch.lastAnswerPositions.data[row * Q + q] = at - row * S - 1;
    for (const [i, id] of answer.entries()) {
      batch.answerPositions.data[answered] = first + i;
      batch.answerIds.data[answered] = id;
      batch.answerMask.data[answered] = 1;
      batch.answerQuestions.data[answered++] = i < answer.length - 1 ? q : -1;
    }
  }
}

/** Writes tokens from index `at` on, and returns the index after them. */
function writeTokens(
  { inputIds, positionIds, segmentIds }: WritableBatch,
  at: number,
  tokens: readonly number[],
  { position, segment }: { position: number; segment: number },
): number {
  for (const [i, id] of tokens.entries()) {
    inputIds.data[at + i] = id;
    positionIds.data[at + i] = position + i;
    segmentIds.data[at + i] = segment;
  }
  return at + tokens.length;
}

function fillConcepts(
  { conceptIds, conceptTokenMask, conceptCoverage }: WritableBatch,
  row: number,
  { words }: EncodedExample,
  { concepts }: Example,
  { extraTokens, views }: SeenImage,
): void {
  const [, K, C] = conceptIds.shape as [number, number, number];
  const N = conceptCoverage.shape[2];
  for (const [k, { regions }] of concepts.entries()) {
    const at = row * K + k;
    conceptIds.data.set(words[k], at * C);
    conceptTokenMask.data.fill(1, at * C, at * C + words[k].length);
    conceptCoverage.data.fill(-1, at * N, at * N + extraTokens);
    let from = at * N + extraTokens;
    for (const view of views) {
      for (const region of regions) addCapped(conceptCoverage.data, from, coverage(region, view));
      from += view.grid.rows * view.grid.columns;
    }
  }
}

/** Shares of several regions in one patch: their sum, at most the whole patch. */
function addCapped(data: Float32Array, at: number, shares: Float32Array): void {
  for (let n = 0; n < shares.length; n++) data[at + n] = Math.min(1, data[at + n] + shares[n]);
}

function fillTargets(
  { attentionTargets }: WritableBatch,
  row: number,
  { questions }: Example,
  { views }: SeenImage,
  options: Partial<TargetOptions>,
): void {
  const [, Q, N] = attentionTargets.shape as [number, number, number];
  for (const [q, { regions }] of questions.entries()) {
    const map = targetMap(regions, views, options);
    if (map !== undefined) attentionTargets.data.set(map, (row * Q + q + 1) * N - map.length);
  }
}
