/** One image as a model gets it (pixels, and the tokens that stand for it), and maps over those tokens as pictures again. */
import type { ImageGeometry, RgbImage } from "../../common/image.ts";
import type { HostArray } from "../../engine/host.ts";
import type { ImageShape, RowLayout } from "./inputs.ts";
import { type ImageSize, placeImages } from "./layout.ts";

/** One image as a model gets it: pixels, the tokens that stand for it, and where each of them looks. */
export interface ProcessedImage {
  /** What the image adds to `ModelInputs.pixelValues` along its first axis. */
  readonly pixelValues: HostArray<"float32">;
  readonly shape: ImageShape;
  /** Token ids that take the place of the chat template's image token; image tokens with any marks around them. */
  readonly ids: readonly number[];
  /** Image tokens before the first patch (a class token). */
  readonly extraTokens: number;
  /**
   * How the other image tokens see the picture: views in the order of their tokens, each a grid in row order.
   * One, or the tiles and then the whole picture. `patch` is the side of one token's cell.
   */
  readonly views: readonly ImageGeometry[];
}

/** An image that is only measured: the text that stands for it, and the size of what the model sees. */
export interface MeasuredImage extends ImageSize {
  /** Token ids that take the place of the chat template's image token. */
  readonly ids: readonly number[];
  /** The picture as the processor resizes it, for families that write places in its pixels. */
  readonly processed: { readonly width: number; readonly height: number };
}

/** A family's image processor, from a checkpoint folder's files. */
export interface ImageReader {
  /** Throws a UserError for an image that the model cannot take. */
  preprocess(image: RgbImage): ProcessedImage;
  /** What `preprocess` makes of an image of this size, without its pixels. Throws as `preprocess` does. */
  measure(size: { readonly width: number; readonly height: number }): MeasuredImage;
}

/** A map over image tokens as a picture: one grid over the whole image. */
export interface Display {
  readonly geometry: ImageGeometry;
  /** For each cell of the grid, row by row, its image token. */
  readonly tokens: readonly number[];
  /** How many tiles lie side by side and below one another; each has equally many cells. */
  readonly tiles: { readonly rows: number; readonly columns: number };
}

/**
 * The grid in which maps are shown and scored: the only view, or all tiles side by side. The view of the whole
 * picture that comes after tiles is left out, as the tiles see the same in more detail; {@link globalDisplayOf} has it.
 */
export function displayOf({ extraTokens, views }: ProcessedImage): Display {
  const tiles = views.length > 1 ? views.slice(0, -1) : views;
  const [first] = tiles;
  const { rows, columns } = first.grid;
  const place = ({ offsetX, offsetY, processed }: ImageGeometry) => ({
    row: Math.round((first.offsetY - offsetY) / processed.height),
    column: Math.round((first.offsetX - offsetX) / processed.width),
  });
  const last = place(tiles[tiles.length - 1]);
  const grid = { rows: (last.row + 1) * rows, columns: (last.column + 1) * columns };
  const tokens = new Array<number>(grid.rows * grid.columns);
  for (const [i, tile] of tiles.entries()) {
    const { row, column } = place(tile);
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++)
        tokens[(row * rows + y) * grid.columns + column * columns + x] =
          extraTokens + (i * rows + y) * columns + x;
  }
  const { width, height } = first.processed;
  const processed = { width: width * (last.column + 1), height: height * (last.row + 1) };
  const count = { rows: last.row + 1, columns: last.column + 1 };
  return { geometry: { ...first, processed, grid }, tokens, tiles: count };
}

/** The view of the whole picture that comes after tiles; undefined where there is but one view. */
export function globalDisplayOf(image: ProcessedImage): Display | undefined {
  const { views } = image;
  if (views.length < 2) return undefined;
  const geometry = views[views.length - 1];
  const size = geometry.grid.rows * geometry.grid.columns;
  const first = imageTokensOf(image) - size;
  const tokens = Array.from({ length: size }, (_, n) => first + n);
  return { geometry, tokens, tiles: { rows: 1, columns: 1 } };
}

/** A map [N] over image tokens in the order of a display. */
export function displayed(map: ArrayLike<number>, { tokens }: Display): Float32Array {
  const values = new Float32Array(tokens.length);
  for (const [cell, token] of tokens.entries()) values[cell] = map[token];
  return values;
}

/** N: image tokens of an image. */
export function imageTokensOf({ extraTokens, views }: ProcessedImage): number {
  return views.reduce((sum, { grid }) => sum + grid.rows * grid.columns, extraTokens);
}

/** Places of images in a row of token ids; throws a UserError as {@link placeImages}. */
export function layoutOf(
  ids: readonly number[],
  imageTokenId: number,
  images: readonly ProcessedImage[],
): RowLayout {
  const sizes = images.map((image) => ({ tokens: imageTokensOf(image), shape: image.shape }));
  return placeImages(ids, imageTokenId, sizes);
}
