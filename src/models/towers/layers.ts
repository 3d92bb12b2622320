/** The transformer layers that CLIP's and SigLIP's vision towers share. */
import { type NdArray, np, slice } from "../../engine/array.ts";
import { type ActivationName, activate } from "../../nn/activation.ts";
import { attend, type Heads } from "../../nn/attention.ts";
import { type LinearParams, linear } from "../../nn/linear.ts";
import { type LayerNormParams, layerNorm } from "../../nn/norm.ts";

/** The names are those of Hugging Face's tensors in camelCase. */
export interface VisionLayerParams<A = NdArray> {
  readonly layerNorm1: LayerNormParams<A>;
  readonly selfAttn: {
    readonly qProj: LinearParams<A>;
    readonly kProj: LinearParams<A>;
    readonly vProj: LinearParams<A>;
    readonly outProj: LinearParams<A>;
  };
  readonly layerNorm2: LayerNormParams<A>;
  readonly mlp: { readonly fc1: LinearParams<A>; readonly fc2: LinearParams<A> };
}

export interface VisionLayerConfig {
  readonly numAttentionHeads: number;
  readonly hiddenAct: ActivationName;
  readonly layerNormEps: number;
}

/** What a vision tower makes of pixels. I images, P patches (and a class token where the tower has one). */
export interface VisionActivations {
  /** [I, P, D], positions added. */
  readonly patchEmbeddings: NdArray;
  /** [I, P, D] each: as they enter the first layer, then after each layer. */
  readonly hiddenStates: readonly NdArray[];
}

/** The states before the first layer and after each of the layers given: x [I, P, D] -> [I, P, D] each. */
export function visionLayers(
  config: VisionLayerConfig,
  layers: readonly VisionLayerParams[],
  x: NdArray,
): NdArray[] {
  const states = [x];
  for (const layer of layers) states.push(byImages(config, layer, states[states.length - 1]));
  return states;
}

/** Elements of the widest array of a layer, 64 MiB in float32. */
const elementsAtOnce = 2 ** 24;

/**
 * A layer on some images after the others, where there are many: 17 tiles of 1,024 patches and 12 heads would have
 * patterns of 816 MiB. The layers stay outermost, because each one's weights may have to be widened.
 */
function byImages(config: VisionLayerConfig, params: VisionLayerParams, x: NdArray): NdArray {
  const [I, P] = x.shape;
  const widest = P * Math.max(params.mlp.fc1.weight.shape[0], config.numAttentionHeads * P);
  const count = Math.max(1, Math.floor(elementsAtOnce / widest));
  if (count >= I) return visionLayer(config, params, x);
  const starts = Array.from({ length: Math.ceil(I / count) }, (_, i) => i * count);
  const parts = starts.map((start) =>
    visionLayer(config, params, slice(x, 0, start, Math.min(start + count, I))),
  );
  return np.concatenate(parts, 0);
}

function visionLayer(config: VisionLayerConfig, params: VisionLayerParams, x: NdArray): NdArray {
  const normed = layerNorm(params.layerNorm1, x, config.layerNormEps);
  const { mixed } = attend(visionHeads(config, params, normed));
  const middle = np.add(x, linear(params.selfAttn.outProj, mixed));
  const expanded = linear(params.mlp.fc1, layerNorm(params.layerNorm2, middle, config.layerNormEps));
  return np.add(middle, linear(params.mlp.fc2, activate(config.hiddenAct, expanded)));
}

function visionHeads(config: VisionLayerConfig, { selfAttn }: VisionLayerParams, x: NdArray): Heads {
  const [B, P, D] = x.shape;
  const H = config.numAttentionHeads;
  return {
    query: np.reshape(linear(selfAttn.qProj, x), [B, P, H, 1, D / H]),
    key: np.reshape(linear(selfAttn.kProj, x), [B, P, H, D / H]),
    value: np.reshape(linear(selfAttn.vProj, x), [B, P, H, D / H]),
  };
}
