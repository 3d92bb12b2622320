import { type NdArray, np, take } from "../../engine/array.ts";
import { float32, type HostArray, int32 } from "../../engine/host.ts";
import { activate } from "../../nn/activation.ts";
import { constant, normal, type ParamSpec } from "../../nn/init.ts";
import { type LinearParams, linear, linearSpec } from "../../nn/linear.ts";
import { type LayerNormParams, layerNorm, layerNormSpec } from "../../nn/norm.ts";
import { gridCorners } from "../../nn/patch.ts";
import { type RotaryTables, tablesOf } from "../../nn/rotary.ts";
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
  roomyImages,
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
export function visionSpecs(config: VisionConfig): VisionParams<PartSpec> {
  const { hiddenSize: D, inChannels: C, temporalPatchSize: T, patchSize: p, initializerRange: std } = config;
  const joined = D * config.spatialMergeSize ** 2;
  const tower = {
    patchEmbed: { proj: { weight: normal("kernel", [D, C, T, p, p], std), bias: constant("bias", [D], 0) } },
    posEmbed: { weight: normal("table", [config.numPositionEmbeddings, D], std) },
    blocks: Array.from({ length: config.depth }, () => layerSpecs(config)),
  };
  const mergers = {
    merger: mergerSpecs(config, D),
    deepstackMergerList: config.deepstackVisualIndexes.map(() => mergerSpecs(config, joined)),
  };
  return { ...inPart("vision", tower), ...inPart("projector", mergers) };
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

/** What the tower reads besides pixels, for the P patches of a row's room. */
export interface VisionArrays<A = NdArray> {
  /** [B, P, 4] int32: rows of `posEmbed` around the patch's place, and [B, P, 4] float32: their weights. */
  readonly corners: A;
  readonly cornerWeights: A;
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
  const P = pixelsOf(layout);
  const images = rows.map((shapes) => roomyImages(shapes, layout));
  const corners = int32([rows.length, P, 4]);
  const cornerWeights = float32([rows.length, P, 4]);
  const places = images.map((row, b) =>
    row.flatMap((image) => {
      const own = patchPlaces(image, config.spatialMergeSize);
      for (const [i, place] of own.entries()) {
        const at = (b * P + image.start + i) * 4;
        const { index, weight } = gridCorners(place, image.shape, positionSide(config));
        corners.data.set(index, at);
        cornerWeights.data.set(weight, at);
      }
      return [...own, ...new Array<undefined>(image.room - own.length).fill(undefined)];
    }),
  );
  return {
    corners,
    cornerWeights,
    angles: patchAngles(places, config.hiddenSize / config.numHeads, config.ropeTheta),
    bias: patchBias(images, P),
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
  { pixelValues, arrays, layout }: VisionInputs,
): VisionPass {
  const { corners, cornerWeights, angles, bias } = arrays;
  const patches = embedPatchRows(params.patchEmbed, pixelValues, pixelsOf(layout));
  const patchEmbeddings = np.add(patches, gridPositions(params.posEmbed.weight, corners, cornerWeights));
  const context = { rotary: tablesOf(angles), bias, layout };
  const hiddenStates = [patchEmbeddings];
  for (const layer of params.blocks)
    hiddenStates.push(visionLayer(config, layer, hiddenStates[hiddenStates.length - 1], context));
  return {
    features: mergePatches(config, params.merger, hiddenStates[config.depth]),
    deepFeatures: deepstackLayers(config).map(({ layer, merger }) =>
      mergeAfterJoin(config, params.deepstackMergerList[merger], hiddenStates[layer + 1]),
    ),
    patchEmbeddings,
    hiddenStates,
  };
}

/** Learned positions [B, P, Dv]: the table [side², Dv] between its rows at the corners [B, P, 4]. */
function gridPositions(table: NdArray, corners: NdArray, weights: NdArray): NdArray {
  const [B, P] = corners.shape;
  const rows = np.reshape(take(table, np.reshape(corners, [B, P * 4])), [B, P, 4, table.shape[1]]);
  return np.einsum("bpcd,bpc->bpd", rows, weights);
}

/** What all layers of one pass share. */
interface VisionContext {
  readonly rotary: RotaryTables;
  readonly bias: NdArray;
  readonly layout: ImageLayout;
}

/** Not in the config: as in Hugging Face's code. */
const epsilon = 1e-6;

function visionLayer(
  config: VisionConfig,
  params: VisionLayerParams,
  x: NdArray,
  { rotary, bias, layout }: VisionContext,
): NdArray {
  const heads = fusedHeads(params.attn.qkv, layerNorm(params.norm1, x, epsilon), config.numHeads, rotary);
  const middle = np.add(x, linear(params.attn.proj, attendImages(heads, bias, layout)));
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
