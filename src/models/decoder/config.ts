import type { ActivationName } from "../../nn/activation.ts";

/** Rotary position embedding of a decoder. */
export interface RotaryConfig {
  /** K/2 inverse frequencies, any scaling (linear, llama3, yarn) applied. */
  readonly frequencies: readonly number[];
  /** Factor on cos and sin (yarn's); default 1. */
  readonly scale?: number;
  /**
   * For each frequency, the axis (0 time, 1 row, 2 column) whose position turns it: multimodal rotary
   * positions; absent where there is one position.
   */
  readonly axes?: readonly number[];
}

/** The shared decoder: Llama and its relatives (Mistral, Qwen2, Qwen3, Gemma, and the text sides of Qwen's VLMs). */
export interface DecoderConfig {
  readonly vocabSize: number;
  /** D */
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  readonly numKeyValueHeads: number;
  /** K */
  readonly headDim: number;
  readonly hiddenAct: ActivationName;
  readonly rmsNormEps: number;
  readonly maxPositionEmbeddings: number;
  readonly rotary: RotaryConfig;
  /** Biases of the q, k and v projections, and of the output projection. */
  readonly qkvBias: boolean;
  readonly outputBias: boolean;
  readonly mlpBias: boolean;
  /** Whether each head's query and key are normed before the rotary embedding (Qwen3). */
  readonly queryKeyNorm: boolean;
  /** Factor on the scores of attention; default 1 / sqrt(K). */
  readonly attentionScale?: number;
  /** Scores s become c tanh(s / c) with this c (Gemma 2). */
  readonly attentionSoftcap?: number;
  /** Logits z become c tanh(z / c) with this c (Gemma 2). */
  readonly logitSoftcap?: number;
  /** Whether norms scale by 1 + weight (Gemma). */
  readonly normsAddOne?: boolean;
  /** Whether attention and MLP are normed once more before they are added (Gemma 2). */
  readonly branchNorms?: boolean;
  /** Factor on the embeddings of text tokens (Gemma); default 1. */
  readonly embeddingScale?: number;
  /** Keys further back than this are not seen; null: all are. */
  readonly slidingWindow: number | null;
  readonly tieWordEmbeddings: boolean;
  readonly initializerRange: number;
  readonly bosTokenId?: number;
  readonly eosTokenIds: readonly number[];
  readonly padTokenId?: number;
}
