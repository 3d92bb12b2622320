/**
 * A kind of `text_config`: the fields that its files have, and the decoder that follows from them. Names and defaults are
 * those of transformers, in camelCase.
 */
import { z } from "zod";
import { activationNames } from "../../../nn/activation.ts";
import { layers, positions, size } from "../../contract/config-fields.ts";
import { type AttentionRecipe, attentionLayer } from "../attention.ts";
import type { DecoderConfig } from "../config.ts";
import { type Rope, ropeSchema, rotaryOf } from "../rope.ts";

/** Methods, so that kinds of different fields fit one list. */
export interface TextKind<Text> {
  /** Base of the rotary embedding where a file names none. */
  readonly defaultTheta: number;
  decoder(text: Text): DecoderConfig;
  /** Fields in camelCase, for a writer that spells them as Python does; absent: as they are read. */
  fields?(text: Text): Record<string, unknown>;
  /** The kind of the language model alone, for one that only stands in a VLM; absent: it stands alone itself. */
  readonly alone?: string;
}

const oneId = z.int().max(2 ** 31 - 1);
export const tokenIds = z.union([oneId, z.array(oneId).max(1000)]).nullish();

/** Nothing in it is as good as nothing. */
const ropeField = z.preprocess((value) => (isEmpty(value) ? null : value), ropeSchema.nullish());
const isEmpty = (value: unknown) =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0;

/** Fields of all kinds. */
export const common = {
  vocabSize: size,
  hiddenSize: size,
  intermediateSize: size,
  numHiddenLayers: layers,
  numAttentionHeads: size,
  numKeyValueHeads: size.nullish(),
  headDim: size.nullish(),
  hiddenAct: z.enum(activationNames).default("silu"),
  maxPositionEmbeddings: positions,
  rmsNormEps: z.number().positive().default(1e-6),
  ropeTheta: z.number().positive().nullish(),
  ropeParameters: ropeField,
  ropeScaling: ropeField,
  originalMaxPositionEmbeddings: positions.nullish(),
  initializerRange: z.number().nonnegative().default(0.02),
  tieWordEmbeddings: z.boolean().default(false),
  bosTokenId: tokenIds,
  eosTokenId: tokenIds,
  padTokenId: tokenIds,
};
const anyText = z.object(common);

/** Sizes of a kind's smallest published default: what a file leaves out. */
export function sizes(
  vocabSize: number,
  hidden: number,
  intermediate: number,
  depth: number,
  longest: number,
) {
  return {
    vocabSize: size.default(vocabSize),
    hiddenSize: size.default(hidden),
    intermediateSize: size.default(intermediate),
    numHiddenLayers: layers.default(depth),
    numAttentionHeads: size.default(32),
    maxPositionEmbeddings: positions.default(longest),
  };
}

type Derived =
  | "numKeyValueHeads"
  | "headDim"
  | "ropeTheta"
  | "ropeParameters"
  | "ropeScaling"
  | "originalMaxPositionEmbeddings";

/** Parsed fields with every default filled in. */
export type Completed<T> = T extends unknown
  ? Omit<T, Derived> & { readonly numKeyValueHeads: number; readonly headDim: number; readonly rope: Rope }
  : never;

/** What every kind's text has. */
export type AnyText = Completed<z.output<typeof anyText>>;

/** The name of the one table of a decoder whose layers all turn alike. */
const ONE_TABLE = "all";

/** Attention as Llama has it, from the fields of all kinds; a kind replaces what it has otherwise. */
export function llamaRecipe(text: AnyText): AttentionRecipe {
  return {
    hiddenSize: text.hiddenSize,
    intermediateSize: text.intermediateSize,
    hiddenAct: text.hiddenAct,
    mlpBias: false,
    norm: { epsilon: text.rmsNormEps },
    initializerRange: text.initializerRange,
    numAttentionHeads: text.numAttentionHeads,
    numKeyValueHeads: text.numKeyValueHeads,
    headDim: text.headDim,
    qkvBias: false,
    outputBias: false,
    queryKeyNorm: false,
    scores: {},
    rotary: ONE_TABLE,
    window: null,
  };
}

/** A decoder whose layers are all of one recipe, of {@link llamaRecipe} or a change of it. */
export function uniformDecoder(text: AnyText, recipe: AttentionRecipe): DecoderConfig {
  return {
    vocabSize: text.vocabSize,
    hiddenSize: text.hiddenSize,
    maxPositionEmbeddings: text.maxPositionEmbeddings,
    rotary: { [recipe.rotary]: rotaryOf(text.rope, text.headDim) },
    layers: new Array(text.numHiddenLayers).fill(attentionLayer(recipe)),
    norm: recipe.norm,
    slidingWindow: null,
    tieWordEmbeddings: text.tieWordEmbeddings,
    initializerRange: text.initializerRange,
    bosTokenId: [text.bosTokenId ?? []].flat()[0],
    eosTokenIds: [text.eosTokenId ?? []].flat(),
    padTokenId: [text.padTokenId ?? []].flat()[0],
  };
}
