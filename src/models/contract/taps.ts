/** Activations that a forward pass gives by name; docs/taps.md says what they cost. */
import type { NdArray } from "../../engine/array.ts";

/**
 * Named activations of a vision-language model, a closed list. B batch, S sequence positions, N image tokens,
 * L decoder layers, H heads, D width, V vocabulary, R query positions. Computed only when asked for.
 */
export interface Taps {
  /**
   * [B, P, Dv] patch embeddings of the vision tower, positions added, before its first norm and layer (P
   * patches, and a class token where the tower has one).
   */
  readonly patchEmbeddings: NdArray;
  /** Vision tower: hidden states as they enter its first layer and after each layer, [B, P, Dv] each. */
  readonly visionHiddenStates: readonly NdArray[];
  /** [B, N, D] image tokens as they enter the decoder. */
  readonly imageFeatures: NdArray;
  /** [B, N, D] each: what DeepStack adds to the image tokens after the decoder's first layers; often none. */
  readonly deepFeatures: readonly NdArray[];
  /** L + 1 arrays [B, S, D]: decoder input, then after each layer; the last one is before the final norm. */
  readonly hiddenStates: readonly NdArray[];
  /**
   * [B, H, S, S] (query, key) for each layer with an attention pattern (`ModelFacts.attentionLayers`): attention after
   * softmax. A UserError where no layer has one; so too the next two.
   */
  readonly attentions: readonly NdArray[];
  /** [B, H, R, S] each: rows of `attentions` at the query positions asked for. */
  readonly attentionRows: readonly NdArray[];
  /**
   * [B, H, R, N] each: attention rows over image tokens only, renormalised to sum 1 (log-probabilities). For queries after
   * the image. In a layer with a window, tokens that it does not reach have the logarithm of nothing (`MASKED`).
   */
  readonly imageLogAttentionRows: readonly NdArray[];
  /**
   * [B, T, D]: texts read alone, without image or prompt: the decoder's last hidden states of the token ids that
   * `ForwardOptions.textIds` gives, before the final norm.
   */
  readonly textStates: NdArray;
}

/** The name of a tap. */
export type TapName = keyof Taps;
