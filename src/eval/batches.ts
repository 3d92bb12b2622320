/** Which rows go together: those of about the same length, in few shapes. */
import { mustBe } from "../common/errors.ts";
import type { Encoder } from "../data/encode.ts";
import type { ExampleRef } from "../data/example.ts";
import { type RowRoom, tightRoom } from "../models/inputs/padding.ts";
import type { Vlm } from "../vlm/open.ts";
import { extentOf } from "../vlm/pack.ts";
import { rowBytes } from "../vlm/passes.ts";
import { planRooms, type RowNeeds, roomIndex } from "../vlm/plan.ts";

/** What is asked in one row, about which image, and its first question's number. */
export interface AskedExample {
  readonly ref: ExampleRef;
  readonly image: number;
  readonly first: number;
}

/** Numbers that are the same for all rows. */
export interface Sizes {
  readonly questions: number;
  /** Most tokens of an answer, its end among them. */
  readonly answerTokens: number;
  readonly concepts: number;
  readonly conceptTokens: number;
}

/** Rows of one shape, which a program takes `size` at a time. */
export interface RowBatch {
  readonly rows: readonly AskedExample[];
  readonly size: number;
  readonly room: RowRoom;
}

/** Columns of a batch at most, beyond a first row: what a pass holds grows with them. */
const COLUMNS = 2 ** 15;

/** Bytes of the keys and values of a batch at most, beyond a first row. */
const BYTES = 2 ** 31;

/** Rows in the order of their rooms, otherwise as they come; the batches of a room have one size. */
export async function batchesOf(
  model: Vlm,
  encoder: Encoder,
  rows: readonly AskedExample[],
  { batch, sizes }: { readonly batch: number; readonly sizes: Sizes },
): Promise<RowBatch[]> {
  const rule = model.family.pixels;
  const needs: RowNeeds[] = [];
  for (const { ref } of rows) needs.push(await needsOf(model, encoder, ref, sizes));
  if (rows.length === 0) return [];
  const plan = planRooms(needs, rule);
  return plan.rooms.flatMap(({ room }, i) => {
    const own = rows.filter((_, row) => roomIndex(plan, needs[row]) === i);
    const most = Math.max(1, Math.min(batch, mostRows(model, room.length)));
    const size = Math.ceil(own.length / Math.ceil(own.length / most));
    const parts = Array.from({ length: Math.ceil(own.length / size) || 0 }, (_, k) =>
      own.slice(k * size, (k + 1) * size),
    );
    return parts.map((part) => ({ rows: part, size, room }));
  });
}

function mostRows(model: Vlm, length: number): number {
  return Math.floor(Math.min(COLUMNS / length, BYTES / rowBytes(model, length)));
}

/** Throws a UserError for a question that leaves no room for its answer. */
async function needsOf(model: Vlm, encoder: Encoder, ref: ExampleRef, sizes: Sizes): Promise<RowNeeds> {
  const size = await ref.size();
  const { ids: prefix, layout } = encoder.prefix(model.reader.measure(size));
  const questions = ref.questions.map((question) => encoder.question(question, size).asked);
  const longest = questions.reduce((most, { length }) => Math.max(most, length), 0);
  const tokens = prefix.length + longest + sizes.answerTokens - 1;
  const { longestRow } = model.facts;
  if (tokens > longestRow)
    throw mustBe("model", "a prompt with its answer", `of at most ${longestRow} tokens`, tokens);
  return { room: tightRoom(extentOf({ prefix, layout, questions }, 1), model.family.pixels), counts: {} };
}
