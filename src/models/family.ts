import type { NdArray } from "../engine/array.ts";
import type { HostArray, Tree } from "../engine/host.ts";
import type { ParamSpec } from "../nn/init.ts";
import type { Generator, GeneratorOptions } from "./generation.ts";
import type { ImageColumns, ModelInputs } from "./inputs.ts";
import type { TapName, Taps } from "./taps.ts";

/** What everybody may know of a model's architecture. */
export interface ModelFacts {
  readonly modelType: string;
  readonly vocabSize: number;
  /** Decoder layers, L. */
  readonly layers: number;
  /** Query heads of a decoder layer, H. */
  readonly heads: number;
  /** Width of the decoder, D. */
  readonly width: number;
  readonly maxPositions: number;
  readonly imageTokenId: number;
  /** N, tokens of one image. */
  readonly imageTokens: number;
  /** Image tokens before the first patch (a class token): the patches are the last rows x columns tokens. */
  readonly extraImageTokens: number;
  readonly grid: { readonly rows: number; readonly columns: number };
  /** Pixels on a side of the processed image. */
  readonly imageSize: number;
  /** Pixels on a side of a patch. */
  readonly patchSize: number;
  readonly eosTokenIds: readonly number[];
}

export interface ForwardOptions<T extends TapName = TapName> {
  readonly layout: ImageColumns;
  /** Activations to return; default none. */
  readonly taps?: readonly T[];
  /** Whether to compute logits; default true. */
  readonly logits?: boolean;
  /** [B, R] int32: the queries of `attentionRows` and `imageLogAttentionRows`. */
  readonly queryPositions?: NdArray;
}

export interface ForwardResult<T extends TapName = TapName> {
  /** [B, S, V] */
  readonly logits?: NdArray;
  readonly taps: Pick<Taps, T>;
}

/** What turns a hidden state into logits: `norm(hidden) · weightᵀ`. */
export interface Head {
  /** [..., D] -> [..., D] */
  readonly norm: (hidden: NdArray) => NdArray;
  /** W_U [V, D] */
  readonly weight: NdArray;
}

/** A model in host memory. */
export interface Model<Config = unknown, Params = unknown> {
  readonly config: Config;
  readonly params: Params;
}

/**
 * One architecture: pure functions over its config and its parameter tree, whose leaves are host arrays,
 * traced arrays or specs. Methods, so that families of different trees share this type.
 */
export interface ModelFamily {
  readonly modelType: string;
  parseConfig(json: unknown, source?: string): unknown;
  configToJson(config: never): Record<string, unknown>;
  facts(config: never): ModelFacts;
  /** Shape and start of every parameter. */
  specs(config: never, init?: never): Tree<ParamSpec> | object;
  initParams(config: never, seed: number | string, init?: never): Tree<HostArray> | object;
  /** The leaves by the names of their tensors in a checkpoint, and the tree from such leaves. */
  toNamed(params: never): Readonly<Record<string, HostArray>>;
  fromNamed<A>(config: never, named: Readonly<Record<string, A>>): object;
  forward<T extends TapName>(
    config: never,
    params: never,
    inputs: ModelInputs,
    options: ForwardOptions<T>,
  ): ForwardResult<T>;
  head(config: never, params: never): Head;
  createGenerator(config: never, options: GeneratorOptions): Generator<never>;
  load(folder: string): Promise<Model>;
  save(folder: string, model: never, options?: never): Promise<void>;
}
