/** From what one family says of itself to a whole model: parameters, forward pass, generation, loading and saving. */
import { sourceOf } from "#source";
import type { HostArray } from "../engine/host.ts";
import type { ConfiguredParts } from "./bound/configured.ts";
import { filesOf, readConfigOf } from "./bound/files.ts";
import { paramsOf } from "./bound/params.ts";
import type { BoundFamily, DefinedFamily, FamilyFacts, ModelFacts } from "./contract/family.ts";
import type { FamilyParts, VlmParams } from "./contract/parts.ts";
import { forward } from "./forward/forward.ts";
import { headOf } from "./forward/pass.ts";
import { createGenerator } from "./generate/generate.ts";
import type { ImageLayout, RowLayout } from "./inputs/inputs.ts";
import { onePicture } from "./inputs/padding.ts";
import { noLimit } from "./inputs/size-limit.ts";

/** Makes a family of what one architecture has of its own: the decoder, taps, generation and files are shared. */
export function defineFamily<Config, Params extends VlmParams, Init extends object = object>(
  parts: FamilyParts<Config, Params, Init>,
): DefinedFamily<Config, Params, Init> {
  const bind = (config: Config) => bound(parts, config);
  const read = (json: unknown, source?: string) => bind(parts.parseConfig(json, source));
  return {
    ...familyFacts(parts),
    parseConfig: parts.parseConfig,
    bind,
    read,
    async load(given) {
      const source = sourceOf(given);
      const family = read(...(await readConfigOf(source)));
      return { family, params: await family.load(source) };
    },
  };
}

function familyFacts<C, P extends VlmParams, I extends object>(parts: FamilyParts<C, P, I>): FamilyFacts {
  return {
    modelType: parts.modelType,
    visibility: parts.visibility ?? "causal",
    ...(parts.chatTemplate !== undefined && { chatTemplate: parts.chatTemplate }),
    askedAs: parts.askedAs ?? parts.modelType,
    limitSize: parts.limitSize ?? noLimit,
    tensorName: parts.tensorName,
    moduleName: parts.moduleName ?? parts.tensorName,
    currentTensorName: parts.currentTensorName,
  };
}

/** A family with one config: see {@link BoundFamily}. */
function bound<Config, Params extends VlmParams, Init extends object>(
  parts: FamilyParts<Config, Params, Init>,
  config: Config,
): BoundFamily<Params, Config, Init> {
  const own: ConfiguredParts<Config, Params, Init> = { parts, config, decoder: parts.decoder(config) };
  const shared = { ...familyFacts(parts), ...inputArrays(own), facts: factsOf(own) };
  const params = paramsOf(own);
  return {
    ...shared,
    ...params,
    ...filesOf(own, params),
    config,
    configToJson: () => parts.configToJson(config),
    forward: (values, inputs, options) => forward(own, values, inputs, options),
    head: (values) => headOf(own.decoder, values),
    createGenerator: (options) => createGenerator(own, { family: shared }, options),
    openReader: (files, tokenizer, path) => parts.openReader(config, files, tokenizer, path),
  };
}

/** What a family adds to the arrays of rows with images. */
function inputArrays<C, P extends VlmParams, I extends object>({ parts, config }: ConfiguredParts<C, P, I>) {
  return {
    pixels: parts.pixels?.(config) ?? onePicture,
    imageInputs(rows: readonly RowLayout[], layout: ImageLayout) {
      const shapes = rows.map(({ images }) => images.map(({ shape }) => shape));
      return { ...parts.imageInputs?.(config, shapes, layout) };
    },
    rotaryPositions: (positionIds: HostArray, rows: readonly RowLayout[]) =>
      parts.rotaryPositions?.(config, positionIds, rows) ?? positionIds,
  };
}

function factsOf<C, P extends VlmParams, I extends object>({
  parts,
  config,
  decoder,
}: ConfiguredParts<C, P, I>): ModelFacts {
  return {
    vocabSize: decoder.vocabSize,
    layers: decoder.layers.length,
    attentionWindows: decoder.layers.flatMap(({ attention }) =>
      attention === undefined ? [] : [attention.window],
    ),
    attentionLayers: decoder.layers.flatMap(({ attention }, layer) =>
      attention === undefined ? [] : [layer],
    ),
    heads: Math.max(0, ...decoder.layers.map(({ attention }) => attention?.heads ?? 0)),
    width: decoder.hiddenSize,
    maxPositions: decoder.maxPositionEmbeddings,
    longestRow: Math.min(decoder.maxPositionEmbeddings, decoder.slidingWindow ?? Number.POSITIVE_INFINITY),
    imageTokenId: parts.imageTokenId(config),
    imageSize: parts.imageSize(config),
    eosTokenIds: decoder.eosTokenIds,
  };
}
