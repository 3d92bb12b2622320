import { type NdArray, np } from "../../engine/array.ts";
import { activate } from "../../nn/activation.ts";
import { attendSegments, type Segment } from "../../nn/attention.ts";
import { constant, normal, type ParamSpec } from "../../nn/init.ts";
import { type LinearParams, linear, linearSpec } from "../../nn/linear.ts";
import { type LayerNormParams, layerNorm, layerNormSpec } from "../../nn/norm.ts";
import { resizeGrid } from "../../nn/patch.ts";
import { gridRotaryTables, type RotaryTables } from "../../nn/rotary.ts";
import type { ImageLayout } from "../inputs.ts";
import type { VisionPass } from "../parts.ts";
import {
  embedPatchRows,
  fusedHeads,
  imageSegments,
  mergeUnits,
  type PatchEmbedParams,
  patchCount,
  patchPlaces,
} from "../qwen/patches.ts";
import { positionSide, type VisionConfig } from "./config.ts";

/** The names are those of Hugging Face's tensors in camelCase. */
export interface VisionLayerParams<A = NdArray> {
  readonly norm1: LayerNormParams<A>;
  readonly norm2: LayerNormParams<A>;
  readonly attn: { readonly qkv: LinearParams<A>; readonly proj: LinearParams<A> };
  readonly mlp: { readonly linearFc1: LinearParams<A>; readonly linearFc2: LinearParams<A> };
}

/** Turns a unit of m x m neighbouring patches into one image token. */
export interface MergerParams<A = NdArray> {
  /** [Dv] before the patches of a unit are joined, or [m² Dv] after it. */
  readonly norm: LayerNormParams<A>;
  readonly linearFc1: LinearParams<A>;
  readonly linearFc2: LinearParams<A>;
}

export interface VisionParams<A = NdArray> {
  /** [Dv, C, T, p, p] and [Dv] */
  readonly patchEmbed: PatchEmbedParams<A>;
  /** [side², Dv], a square grid row by row */
  readonly posEmbed: { readonly weight: A };
  readonly blocks: readonly VisionLayerParams<A>[];
  readonly merger: MergerParams<A>;
  /** One for each of `deepstackVisualIndexes`. */
  readonly deepstackMergerList: readonly MergerParams<A>[];
}

/** Shape and start of the tower's parameters, in the order of Hugging Face's modules. */
export function visionSpecs(config: VisionConfig): VisionParams<ParamSpec> {
  const { hiddenSize: D, inChannels: C, temporalPatchSize: T, patchSize: p, initializerRange: std } = config;
  const joined = D * config.spatialMergeSize ** 2;
  return {
    patchEmbed: { proj: { weight: normal([D, C, T, p, p], std), bias: constant([D], 0) } },
    posEmbed: { weight: normal([config.numPositionEmbeddings, D], std) },
    blocks: Array.from({ length: config.depth }, () => layerSpecs(config)),
    merger: mergerSpecs(config, D),
    deepstackMergerList: config.deepstackVisualIndexes.map(() => mergerSpecs(config, joined)),
  };
}

function layerSpecs(config: VisionConfig): VisionLayerParams<ParamSpec> {
  const { hiddenSize: D, intermediateSize: F } = config;
  const options = { std: config.initializerRange, bias: true };
  return {
    norm1: layerNormSpec(D),
    norm2: layerNormSpec(D),
    attn: { qkv: linearSpec(D, 3 * D, options), proj: linearSpec(D, D, options) },
    mlp: { linearFc1: linearSpec(D, F, options), linearFc2: linearSpec(F, D, options) },
  };
}

function mergerSpecs(config: VisionConfig, normSize: number): MergerParams<ParamSpec> {
  const joined = config.hiddenSize * config.spatialMergeSize ** 2;
  const options = { std: config.initializerRange, bias: true };
  return {
    norm: layerNormSpec(normSize),
    linearFc1: linearSpec(joined, joined, options),
    linearFc2: linearSpec(joined, config.outHiddenSize, options),
  };
}

/**
 * Qwen3-VL's tower (arXiv 2511.21631; architecture of Hugging Face's `Qwen3VLVisionModel`): patches [B P, C T p
 * p] of all images to image tokens [B, N, D], and as many again for each of the layers that DeepStack reads
 * (Meng et al., arXiv 2406.04334). Patches attend to the patches of their own image. Dv: the tower's width.
 */
export function visionTower(
  config: VisionConfig,
  params: VisionParams,
  pixelValues: NdArray,
  layout: ImageLayout,
): VisionPass {
  const patches = embedPatchRows(params.patchEmbed, pixelValues, patchCount(layout));
  const patchEmbeddings = np.add(patches, gridPositions(config, params.posEmbed.weight, layout));
  const places = patchPlaces(layout, config.spatialMergeSize);
  const rotary = gridRotaryTables(places, config.hiddenSize / config.numHeads, config.ropeTheta);
  const segments = imageSegments(layout);
  const hiddenStates = [patchEmbeddings];
  for (const layer of params.blocks)
    hiddenStates.push(visionLayer(config, layer, hiddenStates[hiddenStates.length - 1], rotary, segments));
  return {
    features: mergePatches(config, params.merger, hiddenStates[config.depth]),
    deepFeatures: deepstackLayers(config).map(({ layer, merger }) =>
      mergeAfterJoin(config, params.deepstackMergerList[merger], hiddenStates[layer + 1]),
    ),
    patchEmbeddings,
    hiddenStates,
  };
}

/** Learned positions [P, Dv] of all patches, in merge order. */
function gridPositions(config: VisionConfig, weight: NdArray, layout: ImageLayout): NdArray {
  const side = positionSide(config);
  const m = config.spatialMergeSize;
  const D = config.hiddenSize;
  const grid = np.reshape(weight, [side, side, D]);
  const positions = layout.images.map(({ shape: { rows, columns } }) => {
    const units = np.reshape(resizeGrid(grid, rows, columns), [rows / m, m, columns / m, m, D]);
    return np.reshape(np.transpose(units, [0, 2, 1, 3, 4]), [rows * columns, D]);
  });
  return positions.length === 1 ? positions[0] : np.concatenate(positions, 0);
}

/** Not in the config: as in Hugging Face's code. */
const epsilon = 1e-6;

function visionLayer(
  config: VisionConfig,
  params: VisionLayerParams,
  x: NdArray,
  rotary: RotaryTables,
  segments: readonly Segment[],
): NdArray {
  const heads = fusedHeads(params.attn.qkv, layerNorm(params.norm1, x, epsilon), config.numHeads, rotary);
  const middle = np.add(x, linear(params.attn.proj, attendSegments(heads, segments)));
  const expanded = linear(params.mlp.linearFc1, layerNorm(params.norm2, middle, epsilon));
  return np.add(middle, linear(params.mlp.linearFc2, activate(config.hiddenAct, expanded)));
}

/** The layers that DeepStack reads, first to last, and each one's merger: index into `deepstackMergerList`. */
function deepstackLayers({ deepstackVisualIndexes }: VisionConfig): { layer: number; merger: number }[] {
  return deepstackVisualIndexes.map((layer, merger) => ({ layer, merger })).sort((a, b) => a.layer - b.layer);
}

/** The tower's own merger norms each patch: [B, P, Dv] -> [B, N, D]. */
function mergePatches(config: VisionConfig, params: MergerParams, x: NdArray): NdArray {
  return project(params, mergeUnits(layerNorm(params.norm, x, epsilon), config.spatialMergeSize));
}

/** DeepStack's mergers norm whole units: [B, P, Dv] -> [B, N, D]. */
function mergeAfterJoin(config: VisionConfig, params: MergerParams, x: NdArray): NdArray {
  return project(params, layerNorm(params.norm, mergeUnits(x, config.spatialMergeSize), epsilon));
}

function project(params: MergerParams, x: NdArray): NdArray {
  return linear(params.linearFc2, activate("gelu", linear(params.linearFc1, x)));
}
