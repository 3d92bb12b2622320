/** Rows of different lengths, with images of different sizes, as the arrays of one batch. */
import { mustBe } from "../../common/errors.ts";
import { float32, type HostArray, int32 } from "../../engine/host.ts";
import type { BoundFamily } from "../contract/family.ts";
import type { ProcessedImage } from "./images.ts";
import type { ImageLayout, ModelInputs, RowLayout } from "./inputs.ts";
import { pixelsOf } from "./layout.ts";
import { columnsIn, type RowRoom, tightRoom } from "./padding.ts";

/** A row as it is: for each token its id, its position along the row, and its segment. */
export interface Row {
  readonly ids: readonly number[];
  readonly positions: readonly number[];
  readonly segments: readonly number[];
  readonly images: readonly Pick<ProcessedImage, "pixelValues">[];
  /** Where the images stand in `ids`. */
  readonly layout: RowLayout;
}

/** What {@link padRows} needs of a model. */
export interface RowModel {
  readonly family: Pick<BoundFamily, "imageInputs" | "rotaryPositions" | "facts">;
}

export interface PaddedRows {
  readonly inputs: ModelInputs<HostArray>;
  /** For each row, the columns of its tokens. */
  readonly columns: readonly (readonly number[])[];
}

/**
 * B rows in a room that holds each of them; rows beyond those given are all padding. `pad`: the id that stands where
 * nothing does.
 */
export function padRows(
  model: RowModel,
  rows: readonly Row[],
  room: RowRoom,
  { rows: B, pad }: { readonly rows: number; readonly pad: number },
): PaddedRows {
  const S = room.length;
  for (const row of rows) checkRow(model, row);
  const { vocabSize } = model.family.facts;
  const tokens = { inputIds: int32([B, S]), positionIds: int32([B, S]), segmentIds: int32([B, S]) };
  tokens.inputIds.data.fill(pad < vocabSize ? pad : 0); // Never seen, but looked up.
  tokens.segmentIds.data.fill(-1);
  const columns = rows.map(({ layout, ids, positions, segments }, b) => {
    const own = columnsIn({ layout, length: ids.length }, room);
    for (const [i, column] of own.entries()) {
      tokens.inputIds.data[b * S + column] = ids[i];
      tokens.positionIds.data[b * S + column] = positions[i];
      tokens.segmentIds.data[b * S + column] = segments[i];
    }
    return own;
  });
  const pixelValues = stackImages(rows, room.layout, B);
  return { columns, inputs: withImages(model, { ...pixelValues, ...tokens }, rows, room.layout) };
}

function checkRow({ family }: RowModel, { ids, positions }: Row): void {
  const { longestRow, vocabSize, imageTokenId } = family.facts;
  const beyond = ids.find((id) => id >= vocabSize && id !== imageTokenId);
  if (beyond !== undefined)
    throw mustBe("tokenizer", "token id", `less than ${vocabSize}, the rows of the model's table`, beyond);
  const tokens = positions.reduce((most, position) => Math.max(most, position + 1), 0);
  if (tokens > longestRow)
    throw mustBe("model", "a prompt with its answer", `of at most ${longestRow} tokens`, tokens);
}

/** Inputs of rows [B, S] without what their images add, completed by the family. */
export function withImages(
  { family }: RowModel,
  inputs: ModelInputs<HostArray>,
  rows: readonly { readonly layout: RowLayout }[],
  layout: ImageLayout,
): ModelInputs<HostArray> {
  const [B] = inputs.inputIds.shape;
  const layouts = Array.from({ length: B }, (_, b) => rows[b]?.layout ?? { images: [] });
  const positionIds = family.rotaryPositions(inputs.positionIds, layouts);
  if (layout.images.length === 0) return { ...inputs, positionIds };
  const imageInputs = family.imageInputs(layouts, layout);
  return { ...inputs, positionIds, imageInputs };
}

/** All images' pixel values, each in its room, black where there is none. */
function stackImages(
  rows: readonly Pick<Row, "images">[],
  layout: ImageLayout,
  B: number,
): { readonly pixelValues?: HostArray<"float32"> } {
  const any = rows.flatMap(({ images }) => images)[0];
  if (any === undefined || layout.images.length === 0) return {};
  const rest = any.pixelValues.shape.slice(1);
  const share = rest.reduce((size, axis) => size * axis, 1);
  const all = float32([B * pixelsOf(layout), ...rest]);
  for (const [b, { images }] of rows.entries()) {
    let at = b * pixelsOf(layout);
    for (const [i, { pixels }] of layout.images.entries()) {
      if (images[i] !== undefined) all.data.set(images[i].pixelValues.data, at * share);
      at += pixels;
    }
  }
  return { pixelValues: all };
}

/** Rows that all have these images in these columns, and nothing to pad: inputs completed, and the room. */
export function unpadded(
  model: RowModel & { readonly family: Pick<BoundFamily, "pixels"> },
  inputs: ModelInputs<HostArray>,
  layout: RowLayout,
): { readonly inputs: ModelInputs<HostArray>; readonly layout: ImageLayout } {
  const [B, length] = inputs.inputIds.shape;
  const room = tightRoom({ layout, length }, model.family.pixels);
  const rows = Array.from({ length: B }, () => ({ layout }));
  return { layout: room.layout, inputs: withImages(model, inputs, rows, room.layout) };
}
