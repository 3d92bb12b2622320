/**
 * Examples to the arrays of a training step.
 *
 *     openCollator(tools, plan)       -> Collator: collate(examples) -> {batch, layout}
 *     rowMeasure(tools)               -> (row) -> RowNeeds: what a row takes, from its texts and its picture's size
 *     planFor(tools, rows)            -> the rooms for such rows
 */
import { mustBe } from "../common/errors.ts";
import type { Size } from "../common/image.ts";
import { float32, type HostArray, int32 } from "../engine/host.ts";
import { coverage } from "../grounding/coverage.ts";
import { type TargetOptions, targetMap } from "../grounding/target.ts";
import type { Batch } from "../losses/batch.ts";
import { imageTokensOf, type MeasuredImage, type ProcessedImage } from "../models/inputs/images.ts";
import { type ImageLayout, segmentsOf } from "../models/inputs/inputs.ts";
import { imageTokenCount } from "../models/inputs/layout.ts";
import { imagePlaces, tightRoom } from "../models/inputs/padding.ts";
import { padRows, type Row } from "../models/inputs/rows.ts";
import { imagesSeeQuestion } from "../nn/visibility.ts";
import { type Plan, planRooms, type RowNeeds, roomFor, unionNeeds } from "../vlm/plan.ts";
import { type CollateTools, type EncodedQuestion, type Encoder, openEncoder, type Prefix } from "./encode.ts";
import type { Example, Texts } from "./example.ts";

/** Numbers of things in a row besides its columns: Q, A, K and C of {@link Batch}. */
type Counts = Record<"questions" | "answers" | "concepts" | "conceptTokens", number>;

/** A batch, and the room of its rows, which is part of the program that reads it. */
export interface Collated {
  readonly batch: Batch<HostArray>;
  readonly layout: ImageLayout;
}

/** What turns examples into the arrays of batches, for one model. */
export interface Collator {
  readonly plan: Plan;
  /** Examples together in the smallest planned room, or in one of their own that has the plan's counts at least. */
  collate(examples: readonly Example[]): Collated;
}

/** `targets`: how regions become target maps, see `targetMap`. */
export function openCollator(
  tools: CollateTools,
  plan: Plan,
  targets: Partial<TargetOptions> = {},
): Collator {
  const encoder = openEncoder(tools);
  const rule = tools.family.pixels;
  return {
    plan,
    collate(examples) {
      const rows = examples.map((example) => rowOf(tools, encoder, example));
      const needs = roomFor(
        plan,
        rows.map((row) => needsOf(tools, row)),
        rule,
      );
      const { layout } = needs.room;
      const options = { rows: rows.length, pad: encoder.pad };
      const padded = padRows(
        tools,
        rows.map(({ row }) => row),
        needs.room,
        options,
      );
      const N = imageTokenCount(layout);
      const batch = { ...emptyBatch(needs.counts as Counts, rows.length, N), ...padded.inputs };
      for (const [b, { example, encoded, image, row }] of rows.entries()) {
        const places = imagePlaces(row.layout, layout);
        fillAnswers(batch, b, encoded, padded.columns[b]);
        fillConcepts(batch, b, encoded, { example, image, places });
        fillTargets(batch, b, { example, image, places }, targets);
      }
      return { batch: batch as Batch<HostArray>, layout };
    },
  };
}

/** What a row takes, known before its picture is read. */
export interface MeasuredRow extends Texts {
  /** Of the upright picture, in pixels. */
  readonly size: Size;
}

/** Measures rows; throws a UserError for a row that the model cannot take. */
export function rowMeasure(tools: CollateTools): (row: MeasuredRow) => RowNeeds {
  const encoder = openEncoder(tools);
  return ({ size, ...example }) => {
    const encoded = encodeExample(encoder, example, tools.reader.measure(size), size);
    return needsOf(tools, { encoded, layout: encoded.prefix.layout });
  };
}

/** An answer's token is predicted from the whole vocabulary: about a quarter of what it takes to pass the layers. */
const COSTS = { answers: 0.25 };

/** `limit`: rooms at most. */
export function planFor(tools: CollateTools, rows: readonly RowNeeds[], limit?: number): Plan {
  const options = { costs: COSTS, ...(limit !== undefined && { limit }) };
  return planRooms(rows, tools.family.pixels, options);
}

/** The one room that holds all of these examples. */
export function planForAll(tools: CollateTools, examples: Iterable<Example>): Plan {
  const measure = rowMeasure(tools);
  const needs = Array.from(examples, ({ image, ...row }) => measure({ ...row, size: image }));
  return planFor(tools, [unionNeeds(needs)], 1);
}

interface EncodedExample {
  readonly prefix: Prefix;
  readonly questions: readonly EncodedQuestion[];
  readonly words: readonly (readonly number[])[];
}

function encodeExample(
  encoder: Encoder,
  { id, questions, concepts }: Texts,
  image: Pick<MeasuredImage, "ids" | "shape" | "tokens">,
  size: Size,
): EncodedExample {
  if (imagesSeeQuestion(encoder.visibility) && questions.length > 1)
    throw mustBe(
      "collate",
      `questions of example ${id}`,
      "at most 1 for a model whose image tokens see the question",
      questions.length,
      "give each question an example of its own",
    );
  const prefix = encoder.prefix(image);
  const encoded = questions.map((question) => encoder.question(question, size));
  checkLengths(encoder, id, prefix, encoded);
  return { prefix, questions: encoded, words: concepts.map(({ word }) => encoder.word(word)) };
}

/** Every question follows the prefix as if the others were not there. */
function checkLengths(
  { longestRow }: Encoder,
  id: string,
  prefix: Prefix,
  questions: readonly EncodedQuestion[],
): void {
  const texts = questions.map(({ question, answer }) => lengthOf(question, answer));
  const tokens = prefix.ids.length + texts.reduce((most, length) => Math.max(most, length), 0);
  if (tokens <= longestRow) return;
  throw mustBe(
    "data",
    `example ${id}`,
    `of at most ${longestRow} tokens, which is as many as the model takes`,
    `${tokens}, ${prefix.ids.length} of them for the picture and what stands around it`,
    "shorten its texts, or bound the size of pictures",
  );
}

interface EncodedRow {
  readonly example: Example;
  readonly encoded: EncodedExample;
  readonly image: ProcessedImage;
  readonly row: Row;
  readonly layout: Row["layout"];
}

function rowOf({ reader }: CollateTools, encoder: Encoder, example: Example): EncodedRow {
  const image = reader.preprocess(example.image);
  const encoded = encodeExample(encoder, example, { ...image, tokens: imageTokensOf(image) }, example.image);
  const { layout } = encoded.prefix;
  return { example, encoded, image, layout, row: { ...tokensOf(encoder, encoded), layout, images: [image] } };
}

function needsOf(
  { family }: CollateTools,
  { encoded: { prefix, questions, words }, layout }: Pick<EncodedRow, "encoded" | "layout">,
): RowNeeds {
  const length = questions.reduce(
    (sum, { question, answer }) => sum + lengthOf(question, answer),
    prefix.ids.length,
  );
  const counts: Counts = {
    questions: Math.max(1, questions.length),
    answers: Math.max(
      1,
      questions.reduce((sum, { answer }) => sum + answer.length, 0),
    ),
    concepts: Math.max(1, words.length),
    conceptTokens: words.reduce((longest, { length: tokens }) => Math.max(longest, tokens), 1),
  };
  return { room: tightRoom({ layout, length }, family.pixels), counts };
}

/** The answer's end is predicted but predicts nothing: it does not stand in the row. */
function lengthOf(question: readonly number[], answer: readonly number[]): number {
  return question.length + answer.length - 1;
}

/** `<prefix> <question 1> <answer 1> <question 2> ...`; every question's positions follow the prefix. */
function tokensOf({ visibility }: Encoder, { prefix, questions }: EncodedExample) {
  const row: Record<"ids" | "positions" | "segments", number[]> = { ids: [], positions: [], segments: [] };
  const write = (tokens: readonly number[], position: number, segment: number) => {
    for (const [i, id] of tokens.entries()) {
      row.ids.push(id);
      row.positions.push(position + i);
      row.segments.push(segment);
    }
  };
  write(prefix.ids, 0, 0);
  for (const [q, { question, answer }] of questions.entries()) {
    const segments = segmentsOf(q, visibility);
    write(question, prefix.ids.length, segments.question);
    write(answer.slice(0, -1), prefix.ids.length + question.length, segments.answer);
  }
  return row;
}

type WritableBatch = ReturnType<typeof emptyBatch>;

/** Nothing is asked, and no concept shows. */
function emptyBatch(
  { questions: Q, answers: A, concepts: K, conceptTokens: C }: Counts,
  B: number,
  N: number,
) {
  const batch = {
    answerPositions: int32([B, A]),
    answerIds: int32([B, A]),
    answerMask: float32([B, A]),
    answerQuestions: int32([B, A]),
    conceptIds: int32([B, K, C]),
    conceptTokenMask: float32([B, K, C]),
    conceptCoverage: float32([B, K, N]),
    lastAnswerPositions: int32([B, Q]),
    attentionTargets: float32([B, Q, N]),
  };
  batch.answerQuestions.data.fill(-1);
  batch.conceptCoverage.data.fill(-1); // Room that is left empty is no patch.
  return batch;
}

/** Where each answer token is predicted, by the row's columns. */
function fillAnswers(
  batch: WritableBatch,
  row: number,
  { prefix, questions }: EncodedExample,
  columns: readonly number[],
): void {
  const [A, Q] = [batch.answerIds, batch.lastAnswerPositions].map(({ shape }) => shape[1]);
  let at = prefix.ids.length;
  let answered = row * A;
  for (const [q, { question, answer }] of questions.entries()) {
    const first = at + question.length - 1;
    at += lengthOf(question, answer);
    batch.lastAnswerPositions.data[row * Q + q] = columns[at - 1];
    for (const [i, id] of answer.entries()) {
      batch.answerPositions.data[answered] = columns[first + i];
      batch.answerIds.data[answered] = id;
      batch.answerMask.data[answered] = 1;
      batch.answerQuestions.data[answered++] = i < answer.length - 1 ? q : -1;
    }
  }
}

/** An example's picture in a batch: what the model sees of it, and where its image tokens are among the room's. */
interface PlacedExample {
  readonly example: Example;
  readonly image: ProcessedImage;
  readonly places: readonly number[];
}

function fillConcepts(
  { conceptIds, conceptTokenMask, conceptCoverage }: WritableBatch,
  row: number,
  { words }: EncodedExample,
  { example: { concepts }, image: { extraTokens, views }, places }: PlacedExample,
): void {
  const [, K, C] = conceptIds.shape as [number, number, number];
  const N = conceptCoverage.shape[2];
  for (const [k, { regions }] of concepts.entries()) {
    const at = row * K + k;
    conceptIds.data.set(words[k], at * C);
    conceptTokenMask.data.fill(1, at * C, at * C + words[k].length);
    let token = extraTokens;
    for (const view of views) {
      const shares = regions.map((region) => coverage(region, view));
      for (let n = 0; n < view.grid.rows * view.grid.columns; n++) {
        const sum = shares.reduce((covered, share) => Math.min(1, covered + share[n]), 0);
        conceptCoverage.data[at * N + places[token++]] = sum;
      }
    }
  }
}

function fillTargets(
  { attentionTargets }: WritableBatch,
  row: number,
  { example: { questions }, image: { extraTokens, views }, places }: PlacedExample,
  options: Partial<TargetOptions>,
): void {
  const [, Q, N] = attentionTargets.shape as [number, number, number];
  for (const [q, { regions }] of questions.entries()) {
    const map = targetMap(regions, views, options);
    if (map === undefined) continue;
    const at = (row * Q + q) * N;
    for (const [n, share] of map.entries()) attentionTargets.data[at + places[extraTokens + n]] = share;
  }
}
