/** What the shared decoder needs to know of a model: sizes, rotary tables by name, and a kind for each of its layers. */
import type { NormRule } from "./branches.ts";
import type { LayerKind } from "./layer.ts";

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

/** The shared decoder: Llama and its relatives (Mistral, Qwen2, Qwen3, Gemma, and the text sides of Qwen's VLMs), or a family's own. */
export interface DecoderConfig {
  readonly vocabSize: number;
  /** D */
  readonly hiddenSize: number;
  readonly maxPositionEmbeddings: number;
  /** Tables by the names that layers call them by; a pass makes each once. */
  readonly rotary: Readonly<Record<string, RotaryConfig>>;
  /** The kind of each layer, L of them. */
  readonly layers: readonly LayerKind[];
  /** Of the norm before the head. */
  readonly norm: NormRule;
  /** Logits z become c tanh(z / c) with this c (Gemma 2). */
  readonly logitSoftcap?: number;
  /** Factor on the embeddings of text tokens (Gemma); default 1. */
  readonly embeddingScale?: number;
  /**
   * Rows are no longer than this, so that a window of this size, which some layers have and their masks do not, hides
   * nothing; null: they may be. (The windows of `layers` are in their masks.)
   */
  readonly slidingWindow: number | null;
  readonly tieWordEmbeddings: boolean;
  readonly initializerRange: number;
  readonly bosTokenId?: number;
  readonly eosTokenIds: readonly number[];
  readonly padTokenId?: number;
}
