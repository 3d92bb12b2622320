/**
 * What everybody else knows of a model: its family, that family with one config (`BoundFamily`: forward pass, generation,
 * files), and facts about it.
 */
import type { NdArray } from "../../engine/array.ts";
import type { ConstantArray, HostArray } from "../../engine/host.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import type { ModelFolder } from "../../hub/disk/disk.ts";
import type { FolderFiles } from "../../hub/folder.ts";
import type { GivenSource } from "../../hub/source/given.ts";
import type { TextTokenizer } from "../../hub/text/tokenizer.ts";
import type { WeightForm } from "../../hub/weights/weights.ts";
import type { KnockOutArrays } from "../../nn/knock-out.ts";
import type { Visibility } from "../../nn/visibility.ts";
import type { ImageReader } from "../inputs/images.ts";
import type { ImageLayout, ModelInputs, RowLayout } from "../inputs/inputs.ts";
import type { PixelRule } from "../inputs/padding.ts";
import type { LimitSize } from "../inputs/size-limit.ts";
import type { Generator, GeneratorOptions } from "./generation.ts";
import type { OfLeaves, VlmParams } from "./parts.ts";
import type { PartSpec } from "./roles.ts";
import type { TapName, Taps } from "./taps.ts";

/** What everybody may know of a model's architecture. */
export interface ModelFacts {
  readonly vocabSize: number;
  /** Decoder layers, L. */
  readonly layers: number;
  /** Those layers, counted from 0, that have an attention pattern: all, but for kinds such as linear attention. */
  readonly attentionLayers: readonly number[];
  /** For each of those: tokens that stand so many before a position or more are not seen; null: all are. */
  readonly attentionWindows: readonly (number | null)[];
  /** Query heads of a decoder layer, H; the most where layers differ. */
  readonly heads: number;
  /** Width of the decoder, D. */
  readonly width: number;
  readonly maxPositions: number;
  /** Tokens of a row at most: its positions, or the sliding window where that is shorter. */
  readonly longestRow: number;
  readonly imageTokenId: number;
  /** Pixels on a side of a usual processed image. */
  readonly imageSize: number;
  readonly eosTokenIds: readonly number[];
}

/** What a forward pass computes. */
export interface ForwardOptions<T extends TapName = TapName> {
  readonly layout: ImageLayout;
  /** Activations to return; default none. */
  readonly taps?: readonly T[];
  /** Whether to compute logits; default true. */
  readonly logits?: boolean;
  /** [B, R] int32: the queries of `attentionRows` and `imageLogAttentionRows`. */
  readonly queryPositions?: NdArray;
  /** [B, T] int32: the texts of `textStates`. */
  readonly textIds?: NdArray;
  /**
   * Where the last of `hiddenStates` is read; elsewhere it may then be anything. Default: everywhere. Counts for nothing
   * beside logits, `attentions` and changed patterns.
   */
  readonly lastRows?: LastRows;
  /** What positions of the rows no longer see in the decoder; default: all is as the model has it. */
  readonly knockOut?: KnockOutArrays;
  /** [B, H, S, S] for each layer that has attention: zeros that are added to its pattern, for gradients with respect to it. */
  readonly patternOffsets?: readonly NdArray[];
}

/** Positions at which the last hidden state is read. */
export interface LastRows {
  /** Whether at the image tokens. */
  readonly images: boolean;
  /** [B, M] int32; absent: nowhere else. */
  readonly positions?: NdArray;
}

/** What a forward pass gives: logits, and the taps that were asked for. */
export interface ForwardResult<T extends TapName = TapName> {
  /** [B, S, V] */
  readonly logits?: NdArray;
  readonly taps: Pick<Taps, T>;
}

/** What turns a normed hidden state into logits z = x · weightᵀ, or softcap tanh(z / softcap) where there is one. */
export interface Unembedding {
  /** W_U [V, D] */
  readonly weight: NdArray;
  /** Logits lie between minus this and this (Gemma 2's `final_logit_softcapping`); absent: as they are. */
  readonly softcap?: number;
}

/** What turns a hidden state into logits. */
export interface Head extends Unembedding {
  /** [..., D] -> [..., D] */
  readonly norm: (hidden: NdArray) => NdArray;
}

/** A model in host memory. */
export interface Model<Params extends VlmParams = VlmParams, Config = unknown> {
  readonly family: BoundFamily<Params, Config>;
  readonly params: OfLeaves<Params, HostArray>;
}

/** How a model's folder is written. */
export interface SaveOptions {
  /** Element type of the weights on disk; default F32. */
  readonly dtype?: "F32" | "F16";
  /** Further files of the folder by name: tokenizer.json, preprocessor_config.json, ... Objects become JSON. */
  readonly files?: Readonly<Record<string, string | Uint8Array | object>>;
  /** Whether an existing folder may be replaced. */
  readonly replace?: boolean;
}

/** What holds of all models of an architecture. */
export interface FamilyFacts {
  /** Hugging Face's `model_type`: for registries and texts; what differs by family is a fact of it. */
  readonly modelType: string;
  /** Who sees whom: see {@link Visibility}. */
  readonly visibility: Visibility;
  /** The chat template where a folder has none; absent: LLaVA-1.5's. */
  readonly chatTemplate?: string;
  /** In whose published form its models are asked, where their folders record none. */
  readonly askedAs: string;
  /** preprocessor_config.json with a limit on the size of pictures, in fields that Python's processor reads too. */
  readonly limitSize: LimitSize;
  /** Names of a parameter from its path: of its tensor in a checkpoint, and in transformers' modules. */
  tensorName(path: string): string;
  moduleName(path: string): string;
  /** Today's name for a tensor's name in any published file; null for what is known and not a parameter. */
  currentTensorName(stored: string): string | null;
}

/** One architecture. Methods, so that families of different trees share this type. */
export interface ModelFamily<Params extends VlmParams = VlmParams, Config = unknown> extends FamilyFacts {
  /** The family with the config of a parsed `config.json`; throws a UserError that names every wrong field. */
  read(json: unknown, source?: string): BoundFamily<Params, Config>;
  /** A folder's model, its weights in memory. */
  load(source: GivenSource): Promise<Model<Params, Config>>;
}

/** A family whose type of config is known: what `defineFamily` makes. */
export interface DefinedFamily<Config, Params extends VlmParams, Init extends object = object>
  extends ModelFamily<Params, Config> {
  parseConfig(json: unknown, source?: string): Config;
  read(json: unknown, source?: string): BoundFamily<Params, Config, Init>;
  bind(config: Config): BoundFamily<Params, Config, Init>;
}

/**
 * A family with one config: pure functions over the parameter trees of its models, whose leaves are host arrays, traced
 * arrays or specs.
 */
export interface BoundFamily<
  Params extends VlmParams = VlmParams,
  Config = unknown,
  Init extends object = object,
> extends FamilyFacts {
  readonly config: Config;
  readonly facts: ModelFacts;
  /** Shape, place, role and start of every parameter. */
  readonly specs: OfLeaves<Params, PartSpec>;
  /** The same by the names of their tensors; the head's too where it is tied, since a file may have one of its own. */
  readonly namedSpecs: Readonly<Record<string, PartSpec>>;
  /** How images fill `pixelValues`. */
  readonly pixels: PixelRule;
  /** The `config.json` that transformers writes and reads. */
  configToJson(): Record<string, unknown>;
  initParams(seed: number | string, init?: Init): OfLeaves<Params, HostArray>;
  /** The leaves by the names of their tensors in a checkpoint, and the tree from such leaves. */
  toNamed<A = HostArray>(params: OfLeaves<Params, A>): Readonly<Record<string, A>>;
  fromNamed<A>(named: Readonly<Record<string, A>>): OfLeaves<Params, A>;
  /** `ModelInputs.imageInputs` of rows with these images, in this room. */
  imageInputs(rows: readonly RowLayout[], layout: ImageLayout): Record<string, HostArray>;
  /** `ModelInputs.positionIds` from positions [B, S] along the rows. */
  rotaryPositions(positionIds: HostArray, rows: readonly RowLayout[]): HostArray;
  forward<T extends TapName = never>(
    params: Params,
    inputs: ModelInputs,
    options: ForwardOptions<T>,
  ): ForwardResult<T>;
  head(params: Params): Head;
  createGenerator(options: GeneratorOptions): Generator<OfLeaves<Params, ConstantArray>>;
  openReader(files: FolderFiles, tokenizer: TextTokenizer, path: string): ImageReader;
  /** The parameters of a folder of this config, in memory. */
  load(source: GivenSource): Promise<OfLeaves<Params, HostArray>>;
  /** As `load`, for programs that do not change the weights, which need not be read: see `WeightForm`. */
  open(source: GivenSource, form: WeightForm, machine?: Machine): Promise<OfLeaves<Params, ConstantArray>>;
  /** What `save` writes. */
  content(params: OfLeaves<Params, HostArray>, options?: SaveOptions): ModelFolder;
  /** Writes a folder that Python `transformers` loads, whole or not at all. */
  save(folder: string, params: OfLeaves<Params, HostArray>, options?: SaveOptions): Promise<void>;
}
