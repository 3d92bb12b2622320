import { type NdArray, np } from "../../engine/array.ts";
import { type LinearParams, linear, linearSpec } from "../../nn/linear.ts";
import type { VisionInputs, VisionPass, VlmParams } from "../contract/parts.ts";
import { inPart, type PartSpec } from "../contract/roles.ts";
import type { ImageShape } from "../inputs/inputs.ts";
import { perRow, pixelsOf } from "../inputs/layout.ts";
import { type SiglipParams, siglipNorm, siglipSide, siglipSpecs, siglipTower } from "../towers/siglip.ts";
import type { Idefics3Config } from "./config.ts";
import { tilePlaces } from "./places.ts";

/** What an Idefics3 has beside its decoder; names as Hugging Face's, in camelCase. */
export interface Idefics3Vision<A = NdArray> {
  readonly visionModel: SiglipParams<A>;
  readonly connector: { readonly modalityProjection: { readonly proj: LinearParams<A> } };
}

export type Idefics3Params<A = NdArray> = VlmParams<A> & Idefics3Vision<A>;

export function visionSpecs({
  visionConfig,
  textConfig,
  scaleFactor,
}: Idefics3Config): Idefics3Vision<PartSpec> {
  const { initializerRange: std } = textConfig;
  const cell = visionConfig.hiddenSize * scaleFactor ** 2;
  return {
    visionModel: inPart("vision", siglipSpecs(visionConfig)),
    connector: inPart("projector", {
      modalityProjection: { proj: linearSpec(cell, textConfig.hiddenSize, { std, bias: false }) },
    }),
  };
}

/** Pictures that an image is looked at in: its tiles, and the whole of it. */
export function picturesOf({ rows, columns }: ImageShape): number {
  return rows * columns + 1;
}

/**
 * Idefics3 (Laurençon et al., arXiv 2408.12637) and SmolVLM (Marafioti et al., arXiv 2504.05299): pixels
 * [B T, 3, Y, X] of the T pictures of each row to image tokens [B, N, D]. Tiles and the whole view go through
 * the tower one by one; pictures are square and wholly pixels, so there is nothing to mask.
 */
export function encodeImages(
  config: Idefics3Config,
  params: Idefics3Params,
  { pixelValues, layout }: VisionInputs,
): VisionPass {
  const pictures = pixelsOf(layout);
  const { features, patchEmbeddings, hiddenStates } = encodePictures(config, params, pixelValues);
  return {
    features: perRow(features, pictures),
    patchEmbeddings: perRow(patchEmbeddings, pictures),
    hiddenStates: hiddenStates.map((x) => perRow(x, pictures)),
  };
}

/** Whole patches of pixels [..., Y, X]. */
function patchesOf({ patchSize }: Idefics3Config["visionConfig"], { shape }: NdArray): ImageShape {
  const [rows, columns] = shape.slice(-2).map((pixels) => Math.floor(pixels / patchSize));
  return { rows, columns };
}

/** Pixels [I, 3, Y, X] to image tokens [I, N, D] of each picture. */
function encodePictures(
  { visionConfig, scaleFactor }: Idefics3Config,
  { visionModel, connector }: Idefics3Params,
  pixelValues: NdArray,
): VisionPass {
  const grid = patchesOf(visionConfig, pixelValues);
  const positions = tilePositions(grid, siglipSide(visionConfig));
  const { patchEmbeddings, hiddenStates } = siglipTower(visionConfig, visionModel, pixelValues, {
    positions,
  });
  const last = siglipNorm(visionConfig, visionModel, hiddenStates[hiddenStates.length - 1]);
  const cells = joinCells(last, grid, scaleFactor);
  return { features: linear(connector.modalityProjection.proj, cells), patchEmbeddings, hiddenStates };
}

/** Rows of the position table, `side` x `side`, for the patches of a grid. */
export function tilePositions({ rows, columns }: ImageShape, side: number): number[] {
  const across = tilePlaces(columns, side);
  return tilePlaces(rows, side).flatMap((row) => across.map((column) => row * side + column));
}

/** Pixel shuffle: patches [I, P, D] of a grid to cells of `factor` x `factor` of them, [I, P/factor², factor² D]. */
export function joinCells(x: NdArray, { rows, columns }: ImageShape, factor: number): NdArray {
  const [I, , D] = x.shape;
  const [R, C] = [rows / factor, columns / factor];
  const split = np.reshape(x, [I, R, factor, C, factor, D]);
  return np.reshape(np.transpose(split, [0, 1, 3, 2, 4, 5]), [I, R * C, factor ** 2 * D]);
}
