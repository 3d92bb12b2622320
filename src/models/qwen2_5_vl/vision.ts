/**
 * Qwen2.5-VL's vision tower (arXiv 2502.13923, section 2.1.1): most layers look through windows of a fixed
 * size, a few over the whole image. B rows, P patches of a row, U = P / merge² image tokens, D width.
 */
import { type NdArray, np, take } from "../../engine/array.ts";
import { activate } from "../../nn/activation.ts";
import { attendSegments, type Segment } from "../../nn/attention.ts";
import { normal, type ParamSpec } from "../../nn/init.ts";
import { type LinearParams, linear, linearSpec } from "../../nn/linear.ts";
import { type RmsNormParams, rmsNorm, rmsNormSpec } from "../../nn/norm.ts";
import { gridRotaryTables, type RotaryTables } from "../../nn/rotary.ts";
import type { ImageLayout, ImageShape } from "../inputs.ts";
import type { VisionPass } from "../parts.ts";
import {
  embedPatchRows,
  fusedHeads,
  imageSegments,
  joinSegments,
  mergeUnits,
  type PatchEmbedParams,
  patchCount,
  patchPlaces,
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
export function visionSpecs(config: VisionConfig): VisionParams<ParamSpec> {
  const { hiddenSize: D, inChannels: C, temporalPatchSize: T, patchSize: p, initializerRange: std } = config;
  const joined = D * config.spatialMergeSize ** 2;
  const options = { std, bias: true };
  return {
    patchEmbed: { proj: { weight: normal([D, C, T, p, p], std) } },
    blocks: Array.from({ length: config.depth }, () => layerSpecs(config)),
    merger: {
      lnQ: rmsNormSpec(D),
      mlp: {
        "0": linearSpec(joined, joined, options),
        "2": linearSpec(joined, config.outHiddenSize, options),
      },
    },
  };
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

/**
 * Pixels [B P, C T p p] to image tokens. Between the first and the last step the image tokens' patches stand
 * window by window, so that a window is a run of neighbours; every layer's taps stand in the order of the
 * pixels again.
 */
export function see(
  config: VisionConfig,
  params: VisionParams,
  pixelValues: NdArray,
  layout: ImageLayout,
): VisionPass {
  const unit = config.spatialMergeSize ** 2;
  const { order, windows } = windowOrder(config, layout);
  const back = order.map((_, i) => i);
  for (const [i, token] of order.entries()) back[token] = i;
  const patchEmbeddings = embedPatchRows(params.patchEmbed, pixelValues, patchCount(layout));
  const states = visionLayers(config, params.blocks, permute(patchEmbeddings, order, unit), {
    rotary: rotaryOf(config, layout, order),
    windows,
    images: imageSegments(layout),
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
  readonly windows: readonly Segment[];
  readonly images: readonly Segment[];
}

function visionLayers(
  config: VisionConfig,
  blocks: readonly VisionLayerParams[],
  embedded: NdArray,
  { rotary, windows, images }: VisionContext,
): NdArray[] {
  const states = [embedded];
  for (const [i, block] of blocks.entries()) {
    const segments = config.fullattBlockIndexes.includes(i) ? images : windows;
    states.push(visionLayer(config, block, states[i], rotary, segments));
  }
  return states;
}

function visionLayer(
  { numHeads, hiddenAct }: VisionConfig,
  { norm1, norm2, attn, mlp }: VisionLayerParams,
  x: NdArray,
  rotary: RotaryTables,
  segments: readonly Segment[],
): NdArray {
  const heads = fusedHeads(attn.qkv, rmsNorm(norm1, x, epsilon), numHeads, rotary);
  const middle = np.add(x, linear(attn.proj, attendSegments(heads, segments)));
  const normed = rmsNorm(norm2, middle, epsilon);
  const gate = activate(hiddenAct, linear(mlp.gateProj, normed));
  return np.add(middle, linear(mlp.downProj, np.multiply(gate, linear(mlp.upProj, normed))));
}

/** The patches of each image token to one vector: [B, P, D] -> [B, U, Dout]. */
function mergePatches(config: VisionConfig, { lnQ, mlp }: VisionParams["merger"], x: NdArray): NdArray {
  const joined = mergeUnits(rmsNorm(lnQ, x, epsilon), config.spatialMergeSize);
  return linear(mlp["2"], activate("gelu", linear(mlp["0"], joined)));
}

function rotaryOf(config: VisionConfig, layout: ImageLayout, order: readonly number[]): RotaryTables {
  const { hiddenSize, numHeads, spatialMergeSize: merge, ropeTheta } = config;
  const places = patchPlaces(layout, merge);
  const unit = merge ** 2;
  const moved = order.flatMap((token) => places.slice(token * unit, (token + 1) * unit));
  return gridRotaryTables(moved, hiddenSize / numHeads, ropeTheta);
}

/** Moves the image tokens' patches, `unit` a token: [B, U unit, D] -> the same shape, constant order [U]. */
function permute(x: NdArray, order: readonly number[], unit: number): NdArray {
  if (order.every((from, to) => from === to)) return x;
  const [B, P, D] = x.shape;
  const U = order.length;
  const rows = Array.from({ length: B }, (_, row) => order.map((token) => row * U + token)).flat();
  const index = np.array(Int32Array.from(rows), { shape: [B * U], dtype: np.int32 });
  return np.reshape(take(np.reshape(x, [B * U, unit * D]), index), [B, P, D]);
}

/** U image tokens of a row in the order of their windows, and the windows' lengths in patches. */
export interface WindowOrder {
  readonly order: readonly number[];
  readonly windows: readonly Segment[];
}

/**
 * Windows of `windowSize` pixels from the top left corner of each image, smaller ones at its right and lower
 * edge. Larger windows stand first, since those of one size are computed together.
 */
export function windowOrder(config: VisionConfig, { images }: ImageLayout): WindowOrder {
  const { windowSize, patchSize, spatialMergeSize: merge } = config;
  const side = Math.floor(Math.floor(windowSize / merge) / patchSize);
  let first = 0;
  const windows = images.flatMap(({ shape }) => {
    const start = first;
    first += (shape.rows * shape.columns) / merge ** 2;
    const own = windowsOf({ rows: shape.rows / merge, columns: shape.columns / merge }, side, start);
    return own.sort((a, b) => b.length - a.length);
  });
  const segments = windows.map(({ length }) => ({ count: 1, length: length * merge ** 2 }));
  return { order: windows.flat(), windows: joinSegments(segments) };
}

/** The tokens of each window of one image, whose first token is `first`. */
function windowsOf({ rows, columns }: ImageShape, side: number, first: number): number[][] {
  const windows: number[][] = [];
  for (let top = 0; top < rows; top += side) {
    for (let left = 0; left < columns; left += side) {
      const [height, width] = [Math.min(side, rows - top), Math.min(side, columns - left)];
      const at = (i: number) => (top + Math.floor(i / width)) * columns + left + (i % width);
      windows.push(Array.from({ length: height * width }, (_, i) => first + at(i)));
    }
  }
  return windows;
}
