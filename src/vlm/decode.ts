import { type HostArray, int32 } from "../engine/host.ts";
import { type ImageLayout, type ModelInputs, segmentsOf } from "../models/inputs.ts";

/** Sizes of packed rows, part of a compiled program's shapes. */
export interface RowSizes {
  /** B */
  readonly images: number;
  /** Q, questions an image. */
  readonly questions: number;
  /** Most tokens of all questions of an image together. */
  readonly questionTokens: number;
  /** Most tokens of an answer, its end among them. */
  readonly answerTokens: number;
}

/**
 * Rows `<prefix with image tokens> <question 1> <room for answer 1> <question 2> ...`. Every question sees
 * the prefix and itself only, so that a row computes what separate prompts would; where all of a prompt sees all of
 * it, a row has one question.
 */
export interface PackedRows {
  readonly inputs: ModelInputs<HostArray>;
  readonly layout: ImageLayout;
  readonly sizes: RowSizes;
  /** Sequence position that predicts the first answer token, for each image and question. */
  readonly starts: readonly (readonly number[])[];
}

export interface RowParts {
  /** As in `ModelInputs`. */
  readonly pixelValues: HostArray;
  readonly prefix: readonly number[];
  /** Token ids of each image's questions; fewer images and questions than the sizes are padded. */
  readonly questions: readonly (readonly (readonly number[])[])[];
  readonly layout: ImageLayout;
  readonly pad: number;
  /** See {@link ModelFamily.wholePrefix}. */
  readonly wholePrefix: boolean;
}

export function packRows(parts: RowParts, sizes: RowSizes): PackedRows {
  const { layout } = parts;
  const S = parts.prefix.length + sizes.questionTokens + sizes.questions * (sizes.answerTokens - 1);
  const shape = [sizes.images, S];
  const tokens = { inputIds: int32(shape), positionIds: int32(shape), segmentIds: int32(shape) };
  tokens.inputIds.data.fill(parts.pad);
  tokens.segmentIds.data.fill(-1);
  const starts = Array.from({ length: sizes.images }, (_, row) =>
    fillRow(tokens, row * S, parts, parts.questions[row] ?? [], sizes),
  );
  return {
    inputs: { pixelValues: parts.pixelValues, ...tokens },
    layout,
    sizes,
    starts,
  };
}

type TokenArrays = Record<"inputIds" | "positionIds" | "segmentIds", HostArray<"int32">>;

/** Writes one row and returns its questions' starts. */
function fillRow(
  tokens: TokenArrays,
  row: number,
  { prefix, wholePrefix }: RowParts,
  questions: readonly (readonly number[])[],
  { answerTokens }: RowSizes,
): number[] {
  let at = 0;
  const write = (id: number | undefined, position: number, segment: number) => {
    if (id !== undefined) tokens.inputIds.data[row + at] = id;
    tokens.positionIds.data[row + at] = position;
    tokens.segmentIds.data[row + at++] = segment;
  };
  for (const [i, id] of prefix.entries()) write(id, i, 0);
  return questions.map((question, q) => {
    const segments = segmentsOf(q, wholePrefix);
    for (const [i, id] of question.entries()) write(id, prefix.length + i, segments.question);
    const start = at - 1;
    const length = prefix.length + question.length;
    for (let i = 0; i < answerTokens - 1; i++) write(undefined, length + i, segments.answer);
    return start;
  });
}

/** A generated answer: its tokens without the end, and whether the model ended it. */
export interface Answer {
  readonly ids: number[];
  ended: boolean;
}

/** Logits [B, Q, V] at positions [B, Q]. */
export type LogitsAt = (inputs: ModelInputs<HostArray>, positions: HostArray) => Promise<HostArray>;

/**
 * Greedy answers to all packed questions at once: each pass predicts the next token of every answer that has
 * not ended, and writes it into its place in `rows.inputs.inputIds`. What stands in places not yet written is
 * later in its own question and therefore never seen.
 */
export async function decodeGreedy(
  rows: PackedRows,
  logitsAt: LogitsAt,
  ends: readonly number[],
): Promise<Answer[][]> {
  const { images, questions, answerTokens } = rows.sizes;
  const S = rows.inputs.inputIds.shape[1];
  const answers = rows.starts.map((starts) => starts.map((): Answer => ({ ids: [], ended: false })));
  for (let step = 0; step < answerTokens && answers.flat().some(({ ended }) => !ended); step++) {
    const positions = int32([images, questions]);
    for (const [b, starts] of rows.starts.entries())
      for (const [q, start] of starts.entries())
        positions.data[b * questions + q] = start + Math.min(step, answers[b][q].ids.length);
    const logits = await logitsAt(rows.inputs, positions);
    for (const [b, starts] of rows.starts.entries())
      for (const [q, start] of starts.entries()) {
        if (answers[b][q].ended) continue;
        const id = argmax(logits, b * questions + q);
        if (ends.includes(id)) answers[b][q].ended = true;
        else {
          answers[b][q].ids.push(id);
          if (step + 1 < answerTokens) rows.inputs.inputIds.data[b * S + start + 1 + step] = id;
        }
      }
  }
  return answers;
}

/** Index of the largest value in row `row` of [..., V]; the first of equal ones. */
function argmax({ data, shape }: HostArray, row: number): number {
  const V = shape.at(-1) as number;
  let best = 0;
  for (let v = 1; v < V; v++) if (data[row * V + v] > data[row * V + best]) best = v;
  return best;
}
