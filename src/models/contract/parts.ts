/** What a family says of itself, and nobody else knows: `defineFamily` makes a family of it. */
import type { NdArray } from "../../engine/array.ts";
import type { HostArray } from "../../engine/host.ts";
import type { FolderFiles } from "../../hub/folder.ts";
import type { TextTokenizer } from "../../hub/text/tokenizer.ts";
import type { Visibility } from "../../nn/visibility.ts";
import type { DecoderConfig } from "../decoder/config.ts";
import type { DecoderParams } from "../decoder/params.ts";
import type { ImageReader } from "../inputs/images.ts";
import type { ImageLayout, ImageShape, RowLayout } from "../inputs/inputs.ts";
import type { PixelRule } from "../inputs/padding.ts";
import type { LimitSize } from "../inputs/size-limit.ts";
import type { PartSpec } from "./roles.ts";

/** Parameters of any family: the decoder's, a head where it is not tied, and parts of its own (a vision tower). */
export interface VlmParams<A = NdArray> {
  readonly languageModel: DecoderParams<A>;
  /** [V, D]; absent when tied to the token embeddings. */
  readonly lmHead?: { readonly weight: A };
}

/** What a vision side reads. */
export interface VisionInputs {
  readonly pixelValues: NdArray;
  /** As {@link FamilyParts.imageInputs} gives them. */
  readonly arrays: Readonly<Record<string, NdArray>>;
  /** The images' room in every row. */
  readonly layout: ImageLayout;
}

/** What a family's vision side makes of the pixels. */
export interface VisionPass {
  /** [B, N, D] image tokens of all images of a row, in order, as they enter the decoder. */
  readonly features: NdArray;
  /** Tap `patchEmbeddings`. */
  readonly patchEmbeddings: NdArray;
  /** Tap `visionHiddenStates`: as they enter the first layer, then after each layer. */
  readonly hiddenStates: readonly NdArray[];
  /** [B, N, D] each: added to the image tokens after the decoder's first layers, one a layer (DeepStack). */
  readonly deepFeatures?: readonly NdArray[];
}

/**
 * What one architecture has that no other has. `defineFamily` makes a family of it: the decoder, the taps, the
 * head, generation, loading and saving are shared.
 */
export interface FamilyParts<Config, Params extends VlmParams, Init extends object = object> {
  /** Hugging Face's `model_type`. */
  readonly modelType: string;
  /** Reads a parsed `config.json`; throws a UserError that names every wrong field. */
  parseConfig(json: unknown, source?: string): Config;
  /** The `config.json` that transformers writes and reads. */
  configToJson(config: Config): Record<string, unknown>;
  decoder(config: Config): DecoderConfig;
  imageTokenId(config: Config): number;
  /** Pixels on a side of a usual processed image. */
  imageSize(config: Config): number;
  /** Shape, place ({@link inPart}), role and start of every parameter outside the decoder and its head. */
  visionSpecs(config: Config): OfLeaves<Omit<Params, keyof VlmParams>, PartSpec>;
  /** Starting value of a parameter; absent: as its spec says. */
  draw?(
    config: Config,
    spec: PartSpec,
    path: string,
    seed: number | string,
    init: Init | undefined,
  ): HostArray<"float32">;
  /** Name of a tensor in a checkpoint of transformers, from a parameter's path. */
  tensorName(path: string): string;
  /**
   * Where the parameter is in transformers' modules, by which adapters are named, from its path; absent: as
   * its tensor is named.
   */
  moduleName?(path: string): string;
  /** Today's name for a name in any published file; null for what is known and not a parameter. */
  currentTensorName(stored: string): string | null;
  /** How images fill `pixelValues`; absent: one picture each. */
  pixels?(config: Config): PixelRule;
  /**
   * What {@link encodeImages} must know of the images besides their pixels (window orders, position tables), as arrays of
   * shapes that follow from the room: shapes of each row's images, `layout` their room; absent: nothing.
   */
  imageInputs?(
    config: Config,
    rows: readonly (readonly ImageShape[])[],
    layout: ImageLayout,
  ): Readonly<Record<string, HostArray>>;
  /** Pixels to image tokens. `wholeTower`: also layers that the features do not need. */
  encodeImages(config: Config, params: Params, images: VisionInputs, wholeTower: boolean): VisionPass;
  /**
   * Rotary positions [3, B, S] (time, row, column) from positions [B, S] along the row and the images that each
   * row begins with; absent where these are used as they are.
   */
  rotaryPositions?(config: Config, positionIds: HostArray, rows: readonly RowLayout[]): HostArray;
  /** See {@link Visibility}; default `causal`. */
  readonly visibility?: Visibility;
  /** The chat template where a folder has none; absent: LLaVA-1.5's. */
  readonly chatTemplate?: string;
  /**
   * In whose published form its models are asked and write places, where their folders record none: a name of
   * `src/answers/families.ts`; absent: its model type's, or the generic one.
   */
  readonly askedAs?: string;
  openReader(config: Config, files: FolderFiles, tokenizer: TextTokenizer, path: string): ImageReader;
  /** Absent: pictures have one size. */
  readonly limitSize?: LimitSize;
}

/** A parameter tree with other leaves. */
export type OfLeaves<Tree, Leaf> = Tree extends NdArray
  ? Leaf
  : Tree extends object
    ? { readonly [K in keyof Tree]: OfLeaves<Tree[K], Leaf> }
    : Tree;
