/** Questions about images as rows: many questions about one image, images of any sizes, in one room. */
import type { HostArray } from "../engine/host.ts";
import type { BoundFamily } from "../models/contract/family.ts";
import { type Display, displayOf, globalDisplayOf, type ProcessedImage } from "../models/inputs/images.ts";
import { type ImageLayout, type ModelInputs, type RowLayout, segmentsOf } from "../models/inputs/inputs.ts";
import {
  imagePlaces,
  type PixelRule,
  type RowExtent,
  type RowRoom,
  stretchedRoom,
  tightRoom,
  unionRoom,
} from "../models/inputs/padding.ts";
import { padRows, type Row, type RowModel } from "../models/inputs/rows.ts";
import type { Visibility } from "../nn/visibility.ts";

/** What packing needs of a model. */
export interface PackingModel extends RowModel {
  readonly family: RowModel["family"] & Pick<BoundFamily, "visibility" | "pixels">;
}

/** An image and what is asked about it. */
export interface AskedRow {
  readonly prefix: readonly number[];
  /** Where the image's tokens stand in the prefix. */
  readonly layout: RowLayout;
  readonly image: ProcessedImage;
  /** Token ids of the questions. */
  readonly questions: readonly (readonly number[])[];
}

export interface PackOptions {
  /** Most tokens of an answer, its end among them. */
  readonly answerTokens: number;
  /** Rows of the batch, those without anything among them; default: as many as are given. */
  readonly rows?: number;
  /** Questions of a row, for arrays of one size; default: the most of any row. */
  readonly questions?: number;
  /** Default: one that holds the rows and those of about their size. */
  readonly room?: RowRoom;
  readonly pad?: number;
}

/**
 * Rows `<prefix with image tokens> <question 1> <room for answer 1> <question 2> ...`. Every question sees
 * the prefix and itself only, so that a row computes what separate prompts would; where images see the
 * question, a row has one.
 */
export interface PackedRows {
  readonly inputs: ModelInputs<HostArray>;
  readonly layout: ImageLayout;
  /** B and Q. */
  readonly rows: number;
  readonly questions: number;
  readonly answerTokens: number;
  /**
   * For each image and question the columns of its last token and of its answer's tokens, [answerTokens]: number i
   * predicts answer token i, and holds answer token i - 1.
   */
  readonly answers: readonly (readonly (readonly number[])[])[];
  /** For each image and question, the token ids of the whole prompt. */
  readonly prompts: readonly (readonly (readonly number[])[])[];
  /** For each image, the places of its tokens among the image tokens of the room. */
  readonly places: readonly (readonly number[])[];
}

/** Throws where a given room does not hold the rows. */
export function packRows(model: PackingModel, asked: readonly AskedRow[], options: PackOptions): PackedRows {
  const { answerTokens, pad = 0, rows = asked.length } = options;
  const { family } = model;
  const rule = family.pixels;
  const written = asked.map((row) => writeRow(row, answerTokens, family.visibility));
  const extents = asked.map((row) => extentOf(row, answerTokens));
  const room = options.room ?? roomOf(extents, rule);
  const { inputs, columns } = padRows(
    model,
    written.map(({ row }) => row),
    room,
    { rows, pad },
  );
  return {
    inputs,
    layout: room.layout,
    rows,
    questions: options.questions ?? Math.max(1, ...asked.map(({ questions }) => questions.length)),
    answerTokens,
    answers: written.map(({ answers }, b) => answers.map((own) => own.map((at) => columns[b][at]))),
    prompts: asked.map(({ prefix, questions }) => questions.map((question) => [...prefix, ...question])),
    places: asked.map(({ layout }) => imagePlaces(layout, room.layout)),
  };
}

/** Length of a row with room for its answers. */
export function extentOf(
  { prefix, layout, questions }: Pick<AskedRow, "prefix" | "layout" | "questions">,
  answerTokens: number,
): RowExtent {
  const room = answerTokens - 1;
  return { layout, length: questions.reduce((sum, ids) => sum + ids.length + room, prefix.length) };
}

function roomOf(extents: readonly RowExtent[], rule: PixelRule): RowRoom {
  return stretchedRoom(unionRoom(extents.map((extent) => tightRoom(extent, rule))), rule);
}

/** A row's tokens; and for each question the indices of its last token and of its answer's tokens. */
function writeRow(
  { prefix, layout, image, questions }: AskedRow,
  answerTokens: number,
  visibility: Visibility,
): { row: Row; answers: number[][] } {
  const [ids, positions, segments]: [number[], number[], number[]] = [[], [], []];
  const write = (tokens: readonly number[], position: number, segment: number) => {
    for (const [i, id] of tokens.entries()) {
      ids.push(id);
      positions.push(position + i);
      segments.push(segment);
    }
  };
  write(prefix, 0, 0);
  const empty = new Array<number>(answerTokens - 1).fill(0);
  const answers = questions.map((question, q) => {
    const own = segmentsOf(q, visibility);
    write(question, prefix.length, own.question);
    const last = ids.length - 1;
    write(empty, prefix.length + question.length, own.answer);
    return Array.from({ length: answerTokens }, (_, i) => last + i);
  });
  return { row: { ids, positions, segments, layout, images: [image] }, answers };
}

/** How row b's maps over the room's image tokens are shown. */
export function shownIn({ places }: PackedRows, b: number, image: ProcessedImage): Display {
  return placed(displayOf(image), places[b]);
}

/** As {@link shownIn}, of the view of the whole picture that comes after tiles; undefined where there is none. */
export function globalIn({ places }: PackedRows, b: number, image: ProcessedImage): Display | undefined {
  const global = globalDisplayOf(image);
  return global && placed(global, places[b]);
}

/** A display of an image's own tokens as one of the room's, in which token n stands at places[n]. */
export function placed(display: Display, places: readonly number[]): Display {
  return { ...display, tokens: display.tokens.map((token) => places[token]) };
}
