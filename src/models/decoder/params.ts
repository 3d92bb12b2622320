/** The tree of a decoder's parameters, and their specs. */
import type { NdArray } from "../../engine/array.ts";
import { normal } from "../../nn/init.ts";
import type { RmsNormParams } from "../../nn/norm.ts";
import { inPart, type PartSpec } from "../contract/roles.ts";
import { normSpec } from "./branches.ts";
import type { DecoderConfig } from "./config.ts";
import type { LayerParams } from "./layer.ts";

/** The names are those of Hugging Face's tensors in camelCase. */
export interface DecoderParams<A = NdArray> {
  /** [V, D] */
  readonly embedTokens: { readonly weight: A };
  readonly layers: readonly LayerParams<A>[];
  readonly norm: RmsNormParams<A>;
}

/** Shape and start of a decoder's parameters and of its head, in the order of Hugging Face's modules. */
export function decoderSpecs(config: DecoderConfig): {
  readonly languageModel: DecoderParams<PartSpec>;
  readonly lmHead?: { readonly weight: PartSpec };
} {
  const { vocabSize: V, hiddenSize: D, initializerRange: std } = config;
  const languageModel = {
    ...inPart("embeddings", { embedTokens: { weight: normal("table", [V, D], std) } }),
    ...inPart("decoder", {
      layers: config.layers.map((kind) => kind.specs()),
      norm: normSpec(config.norm, D),
    }),
  };
  return config.tieWordEmbeddings
    ? { languageModel }
    : { languageModel, lmHead: inPart("embeddings", { weight: normal("linear", [V, D], std) }) };
}
