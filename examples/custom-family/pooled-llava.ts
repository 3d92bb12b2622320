/**
 * A model family of one's own: a LLaVA that gives its decoder one image token for every 2 x 2 patches, their mean, and so
 * a quarter of the tokens. Everything else (tower, projector, decoder, weights and their names) is LLaVA's.
 */
import { type NdArray, np } from "fovea/engine";
import { defineFamily, type LlavaConfig, type LlavaParams, llavaParts, openSquareReader } from "fovea/models";

/** Patches along a side of what becomes one token. */
const pool = 2;

/** Patches along a side of a picture. */
const patches = ({ visionConfig }: LlavaConfig) => visionConfig.imageSize / visionConfig.patchSize;

export const family = defineFamily<LlavaConfig, LlavaParams>({
  ...llavaParts,
  modelType: "llava_pooled",
  parseConfig: (json, source) =>
    llavaParts.parseConfig(Object.assign({}, json, { model_type: "llava" }), source),
  configToJson: (config) => ({
    ...llavaParts.configToJson(config),
    model_type: "llava_pooled",
    image_seq_length: (patches(config) / pool) ** 2,
  }),
  encodeImages(config, params, images, wholeTower) {
    const pass = llavaParts.encodeImages(config, params, images, wholeTower);
    return { ...pass, features: pooled(pass.features, patches(config)) };
  },
  // Says how many tokens a picture has, and which of its pixels each of them stands for.
  openReader({ visionConfig: { imageSize, patchSize }, imageTokenId }, files, _, path) {
    const tokens = { imageSize, patchSize: pool * patchSize, imageTokenId, extraTokens: 0 };
    return openSquareReader({ ...tokens, usual: "Llava" }, files, path);
  },
});

/** Patches of pictures of side x side of them, [B, N, D] -> [B, N / pool², D]. */
function pooled(features: NdArray, side: number): NdArray {
  const [B, N, D] = features.shape;
  const rows = side / pool;
  const pictures = N / side ** 2;
  const blocks = np.reshape(features, [B * pictures * rows, pool, rows, pool, D]);
  return np.reshape(np.mean(blocks, [1, 3]), [B, pictures * rows ** 2, D]);
}
