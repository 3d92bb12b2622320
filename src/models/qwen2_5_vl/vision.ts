/**
 * Qwen2.5-VL's vision tower (arXiv 2502.13923, section 2.1.1): most layers look through windows of a fixed
 * size, a few over the whole image. B rows, P patches of a row, U = P / merge² image tokens, D width.
 */
import { type NdArray, np, take } from "../../engine/array.ts";
import { type HostArray, int32 } from "../../engine/host.ts";
import { activate } from "../../nn/activation.ts";
import { attendGroups } from "../../nn/attention.ts";
import { normal, type ParamSpec } from "../../nn/init.ts";
import { type LinearParams, linear, linearSpec } from "../../nn/linear.ts";
import { type RmsNormParams, rmsNorm, rmsNormSpec } from "../../nn/norm.ts";
import { type GridPlace, type RotaryTables, tablesOf } from "../../nn/rotary.ts";
import type { VisionInputs, VisionPass } from "../contract/parts.ts";
import { inPart, type PartSpec } from "../contract/roles.ts";
import type { ImageLayout, ImageShape } from "../inputs/inputs.ts";
import { pixelsOf } from "../inputs/layout.ts";
import {
  attendImages,
  embedPatchRows,
  fusedHeads,
  mergeUnits,
  type PatchEmbedParams,
  patchAngles,
  patchBias,
  patchPlaces,
  type RoomyImage,
  roomyImages,
} from "../qwen/patches.ts";
import type { VisionConfig } from "./config.ts";

const epsilon = 1e-6;

/** The names are those of Hugging Face's tensors in camelCase. */
export interface VisionLayerParams<A = NdArray> {
  readonly norm1: RmsNormParams<A>;
  readonly norm2: RmsNormParams<A>;
  readonly attn: { readonly qkv: LinearParams<A>; readonly proj: LinearParams<A> };
  readonly mlp: {
    readonly gateProj: LinearParams<A>;
    readonly upProj: LinearParams<A>;
    readonly downProj: LinearParams<A>;
  };
}

export interface VisionParams<A = NdArray> {
  /** [D, C, T, p, p], no bias */
  readonly patchEmbed: PatchEmbedParams<A>;
  readonly blocks: readonly VisionLayerParams<A>[];
  readonly merger: {
    readonly lnQ: RmsNormParams<A>;
    /** An activation stands between the two. */
    readonly mlp: { readonly "0": LinearParams<A>; readonly "2": LinearParams<A> };
  };
}

/** Shape and start of the tower's parameters, in the order of Hugging Face's modules. */
export function visionSpecs(config: VisionConfig): VisionParams<PartSpec> {
  const { hiddenSize: D, inChannels: C, temporalPatchSize: T, patchSize: p, initializerRange: std } = config;
  const joined = D * config.spatialMergeSize ** 2;
  const options = { std, bias: true };
  const tower = {
    patchEmbed: { proj: { weight: normal("kernel", [D, C, T, p, p], std) } },
    blocks: Array.from({ length: config.depth }, () => layerSpecs(config)),
  };
  const projector = {
    merger: {
      lnQ: rmsNormSpec(D),
      mlp: {
        "0": linearSpec(joined, joined, options),
        "2": linearSpec(joined, config.outHiddenSize, options),
      },
    },
  };
  return { ...inPart("vision", tower), ...inPart("projector", projector) };
}

function layerSpecs(config: VisionConfig): VisionLayerParams<ParamSpec> {
  const { hiddenSize: D, intermediateSize: F } = config;
  const options = { std: config.initializerRange, bias: true };
  return {
    norm1: rmsNormSpec(D),
    norm2: rmsNormSpec(D),
    attn: { qkv: linearSpec(D, 3 * D, options), proj: linearSpec(D, D, options) },
    mlp: {
      gateProj: linearSpec(D, F, options),
      upProj: linearSpec(D, F, options),
      downProj: linearSpec(F, D, options),
    },
  };
}

/** What the tower reads besides pixels: U image tokens and P patches of a row's room, window by window. */
export interface VisionArrays<A = NdArray> {
  /** [B U] int32: the token of the row's pixels that stands at each place, counted through the batch. */
  readonly order: A;
  /** [B U] int32: the place of each token. */
  readonly back: A;
  /** [B, P] int32: the window of each patch; -1 for room that is left empty. */
  readonly windows: A;
  /** [B, P, K/2]: angles of the rotary embedding. */
  readonly angles: A;
  /** [B, P]: see {@link patchBias}. */
  readonly bias: A;
}

/** {@link VisionArrays} of rows with images of these shapes. */
export function visionArrays(
  config: VisionConfig,
  rows: readonly (readonly ImageShape[])[],
  layout: ImageLayout,
): VisionArrays<HostArray> {
  const unit = config.spatialMergeSize ** 2;
  const P = pixelsOf(layout);
  const U = P / unit;
  const images = rows.map((shapes) => roomyImages(shapes, layout));
  const placed = images.map((row) => row.flatMap((image) => windowsOf(config, image)));
  const order = int32(
    [rows.length * U],
    placed.flatMap((row, b) => row.map(({ token }) => b * U + token)),
  );
  const back = int32([rows.length * U]);
  for (const [at, token] of order.data.entries()) back.data[token] = at;
  const windows = placed.flatMap((row) => row.flatMap(({ window }) => new Array<number>(unit).fill(window)));
  const places = images.map((row, b) => {
    const all = row.flatMap((image) => placesOf(image, config.spatialMergeSize));
    return placed[b].flatMap(({ token }) => all.slice(token * unit, (token + 1) * unit));
  });
  const { hiddenSize, numHeads, ropeTheta } = config;
  return {
    order,
    back,
    windows: int32([rows.length, P], windows),
    angles: patchAngles(places, hiddenSize / numHeads, ropeTheta),
    bias: patchBias(images, P), // An image's tokens stand before what it leaves empty, in either order.
  };
}

/** Places of an image's patches, then nothing for the room that it leaves. */
function placesOf(image: RoomyImage, merge: number): (GridPlace | undefined)[] {
  const places: (GridPlace | undefined)[] = patchPlaces(image, merge);
  return [...places, ...new Array<undefined>(image.room - places.length).fill(undefined)];
}

/**
 * Pixels [B P, C T p p] to image tokens. Between the first and the last step the image tokens' patches stand
 * window by window, so that a window is a run of neighbours; every layer's taps stand in the order of the
 * pixels again.
 */
export function encodeImages(
  config: VisionConfig,
  params: VisionParams,
  { pixelValues, arrays, layout }: VisionInputs,
): VisionPass {
  const { order, back, windows, angles, bias } = arrays;
  const unit = config.spatialMergeSize ** 2;
  const patchEmbeddings = embedPatchRows(params.patchEmbed, pixelValues, pixelsOf(layout));
  const states = visionLayers(config, params.blocks, permute(patchEmbeddings, order, unit), {
    rotary: tablesOf(angles),
    windows,
    bias,
    layout,
  });
  const merged = mergePatches(config, params.merger, states[states.length - 1]);
  return {
    features: permute(merged, back, 1),
    patchEmbeddings,
    hiddenStates: states.map((state) => permute(state, back, unit)),
  };
}

/** What all layers of one pass share. */
interface VisionContext {
  readonly rotary: RotaryTables;
  readonly windows: NdArray;
  readonly bias: NdArray;
  readonly layout: ImageLayout;
}

function visionLayers(
  config: VisionConfig,
  blocks: readonly VisionLayerParams[],
  embedded: NdArray,
  context: VisionContext,
): NdArray[] {
  const states = [embedded];
  for (const [i, block] of blocks.entries()) {
    const whole = config.fullattBlockIndexes.includes(i);
    states.push(visionLayer(config, block, states[i], context, whole));
  }
  return states;
}

function visionLayer(
  config: VisionConfig,
  { norm1, norm2, attn, mlp }: VisionLayerParams,
  x: NdArray,
  { rotary, windows, bias, layout }: VisionContext,
  whole: boolean,
): NdArray {
  const heads = fusedHeads(attn.qkv, rmsNorm(norm1, x, epsilon), config.numHeads, rotary);
  const mixed = whole
    ? attendImages(heads, bias, layout)
    : attendGroups(heads, windows, windowSide(config) ** 2 * config.spatialMergeSize ** 2);
  const middle = np.add(x, linear(attn.proj, mixed));
  const normed = rmsNorm(norm2, middle, epsilon);
  const gate = activate(config.hiddenAct, linear(mlp.gateProj, normed));
  return np.add(middle, linear(mlp.downProj, np.multiply(gate, linear(mlp.upProj, normed))));
}

/** The patches of each image token to one vector: [B, P, D] -> [B, U, Dout]. */
function mergePatches(config: VisionConfig, { lnQ, mlp }: VisionParams["merger"], x: NdArray): NdArray {
  const joined = mergeUnits(rmsNorm(lnQ, x, epsilon), config.spatialMergeSize);
  return linear(mlp["2"], activate("gelu", linear(mlp["0"], joined)));
}

/** Moves the image tokens' patches, `unit` a token: [B, U unit, D] -> the same shape, by {@link VisionArrays.order}. */
function permute(x: NdArray, order: NdArray, unit: number): NdArray {
  const [B, P, D] = x.shape;
  return np.reshape(take(np.reshape(x, [B * (P / unit), unit * D]), order), [B, P, D]);
}

/** Image tokens on a side of a window. */
function windowSide({ windowSize, patchSize, spatialMergeSize: merge }: VisionConfig): number {
  return Math.floor(Math.floor(windowSize / merge) / patchSize);
}

/** A token of a row (from 0, by the order of the pixels) and its window. */
interface WindowedToken {
  readonly token: number;
  readonly window: number;
}

/**
 * The tokens of an image's room window by window, from the top left corner of the image, smaller windows at its
 * right and lower edge; then the room that it leaves empty. A window has the number of its first token.
 */
export function windowsOf(
  config: VisionConfig,
  { shape, start, room }: Pick<RoomyImage, "shape" | "start" | "room">,
): WindowedToken[] {
  const [merge, side] = [config.spatialMergeSize, windowSide(config)];
  const unit = merge ** 2;
  const [rows, columns] = [shape.rows / merge, shape.columns / merge];
  const tokens: WindowedToken[] = [];
  for (let top = 0; top < rows; top += side)
    for (let left = 0; left < columns; left += side) {
      const [height, width] = [Math.min(side, rows - top), Math.min(side, columns - left)];
      const at = (i: number) => start / unit + (top + Math.floor(i / width)) * columns + left + (i % width);
      for (let i = 0; i < width * height; i++) tokens.push({ token: at(i), window: at(0) });
    }
  for (let token = (start + shape.rows * shape.columns) / unit; token < (start + room) / unit; token++)
    tokens.push({ token, window: -1 });
  return tokens;
}
