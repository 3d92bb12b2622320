/**
 * Many questions about pictures as few passes of few shapes: those about one picture share its row, rows go into planned rooms,
 * and a pass takes as many rows as a bound of memory allows.
 *
 *     askedOf(model, given)                -> a question in tokens, before its picture is read
 *     questionRows(model, asked)           -> rows: which questions, and the room that they need
 *     planFor(model, rows)                 -> rooms for all rows of a run, a set of programs each
 *     passesOf(model, rows, plan, bounds)  -> rows that one pass takes, and its room
 */
import type { Size } from "../common/image.ts";
import { promptParts } from "../hub/text/chat.ts";
import type { MeasuredImage } from "../models/inputs/images.ts";
import { placeImages } from "../models/inputs/layout.ts";
import { fitsRoom, type RowRoom, tightRoom } from "../models/inputs/padding.ts";
import { imagesSeeQuestion } from "../nn/visibility.ts";
import type { Vlm } from "./open.ts";
import { type Plan, planRooms, type RowNeeds, roomFor, unionNeeds } from "./plan.ts";

/** A question before its picture is read. */
export interface GivenQuestion {
  /** The same value for questions about one picture. */
  readonly picture: unknown;
  readonly size: Size;
  readonly question: string;
}

/** The same in tokens. */
export interface AskedQuestion extends Pick<GivenQuestion, "picture"> {
  readonly measured: MeasuredImage;
  readonly prefix: readonly number[];
  readonly question: readonly number[];
}

/** Questions that share a row. */
export interface QuestionRow {
  /** Places in the list of questions. */
  readonly questions: readonly number[];
  readonly needs: RowNeeds;
  /** Bytes that the row takes in a pass, about. */
  readonly bytes: number;
}

type RowModel = Pick<Vlm, "family" | "chat" | "facts" | "reader">;

/** Throws a UserError for a picture of a size that the model cannot take. */
export function askedOf(model: RowModel, { picture, size, question }: GivenQuestion): AskedQuestion {
  const measured = model.reader.measure(size);
  const parts = promptParts(model.chat, { question, images: [measured.ids] });
  return { picture, measured, prefix: parts.prefix, question: parts.question };
}

/** Rows in the order of their first questions. Where images see the question, each has a row of its own. */
export function questionRows(model: RowModel, asked: readonly AskedQuestion[]): QuestionRow[] {
  const apart = imagesSeeQuestion(model.family.visibility);
  const groups = Map.groupBy(asked.keys(), (i) => (apart ? i : asked[i].picture));
  return [...groups.values()].map((questions) => rowOf(model, asked, questions));
}

function rowOf(model: RowModel, asked: readonly AskedQuestion[], questions: readonly number[]): QuestionRow {
  const { prefix, measured } = asked[questions[0]];
  const layout = placeImages(prefix, model.facts.imageTokenId, [measured]);
  const length = questions.reduce((sum, i) => sum + asked[i].question.length, prefix.length);
  const room = tightRoom({ layout, length }, model.family.pixels);
  const { width, height } = measured.processed;
  const bytes = rowBytes(model, length) + PIXEL_BYTES * width * height;
  return { questions, needs: { room, counts: { questions: questions.length } }, bytes };
}

/** What a vision tower holds for a pixel that it sees, about: three arrays of its widest layer. */
const PIXEL_BYTES = 256;

/** Keys and values of all layers at their largest, and two arrays of one layer's scores. */
export function rowBytes({ facts: { layers, width, heads } }: Pick<Vlm, "facts">, length: number): number {
  return 4 * (2 * layers * width * length + 2 * heads * length ** 2);
}

/** Rows for each planned room: programs for fewer cost more than padding does. */
const ROWS_PER_ROOM = 48;

/** What an empty place for a question costs, in columns. */
const QUESTION_COLUMNS = 8;

/** Rooms for these rows; none without rows. */
export function planFor(model: Pick<Vlm, "family">, rows: readonly QuestionRow[]): Plan {
  if (rows.length === 0) return { rooms: [] };
  const limit = Math.min(16, Math.ceil(rows.length / ROWS_PER_ROOM));
  const needs = rows.map((row) => row.needs);
  return planRooms(needs, model.family.pixels, { limit, costs: { questions: QUESTION_COLUMNS } });
}

/** Rows that are computed together. */
export interface RowPass {
  readonly rows: readonly QuestionRow[];
  readonly room: RowRoom;
  /** Places for questions in each row. */
  readonly width: number;
}

export interface PassBounds {
  /** Places for questions in all rows. */
  readonly questions: number;
  /** Of all rows; one row goes alone whatever it takes. */
  readonly bytes: number;
}

/** Every row in the smallest planned room that holds it, with others of that room in their order. */
export function passesOf(
  model: Pick<Vlm, "family">,
  rows: readonly QuestionRow[],
  plan: Plan,
  bounds: PassBounds,
): RowPass[] {
  const rule = model.family.pixels;
  const passes: { rows: QuestionRow[]; needs: RowNeeds; bytes: number }[] = [];
  for (const row of rows) {
    const needs = plan.rooms.length > 0 ? roomFor(plan, [row.needs], rule) : row.needs;
    const open = passes.findLast((pass) => isSame(pass.needs, needs) && hasPlace(pass, row, bounds));
    if (open === undefined) passes.push({ rows: [row], needs, bytes: row.bytes });
    else {
      open.rows.push(row);
      open.bytes += row.bytes;
    }
  }
  return passes.map((pass) => ({
    rows: pass.rows,
    room: pass.needs.room,
    width: pass.needs.counts.questions,
  }));
}

function isSame(a: RowNeeds, b: RowNeeds): boolean {
  const together = unionNeeds([a, b]).counts.questions;
  const isAlike = a.counts.questions === together && b.counts.questions === together;
  return isAlike && fitsRoom(a.room, b.room) && fitsRoom(b.room, a.room);
}

function hasPlace(
  pass: { readonly rows: readonly QuestionRow[]; readonly needs: RowNeeds; readonly bytes: number },
  row: QuestionRow,
  bounds: PassBounds,
): boolean {
  const questions = (pass.rows.length + 1) * pass.needs.counts.questions;
  return questions <= bounds.questions && pass.bytes + row.bytes <= bounds.bytes;
}
