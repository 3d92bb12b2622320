import { disk } from "#disk";
import { sourceOf } from "#source";
import { UserError } from "../common/errors.ts";
import { type ConstantArray, type HostArray, isLeaf } from "../engine/host.ts";
import type { GivenSource } from "../hub/source/given.ts";
import type { Source } from "../hub/source.ts";
import { loadTensors, openCheckpoint } from "../hub/weights/checkpoint.ts";
import type { Checkpoint } from "../hub/weights/safetensors.ts";
import { sameTensor } from "../hub/weights/same-tensor.ts";
import { openWeights, type WeightForm } from "../hub/weights/weights.ts";
import { initParam, mapTree } from "../nn/init.ts";
import type { ForwardOptions, ModelFacts, ModelFamily, SaveOptions } from "./contract/family.ts";
import type { GeneratorOptions } from "./contract/generation.ts";
import type { FamilyParts, OfLeaves, VlmParams } from "./contract/parts.ts";
import { isAdaptable, isPartSpec, type PartSpec } from "./contract/roles.ts";
import type { TapName } from "./contract/taps.ts";
import { decoderSpecs } from "./decoder/params.ts";
import { forward } from "./forward/forward.ts";
import { type Architecture, headOf } from "./forward/pass.ts";
import { createGenerator } from "./generate/generate.ts";
import type { ImageLayout, ModelInputs, RowLayout } from "./inputs/inputs.ts";
import { onePicture } from "./inputs/padding.ts";
import { noLimit } from "./inputs/size-limit.ts";

/** Makes a family of what one architecture has of its own: the decoder, taps, generation and files are shared. */
export function defineFamily<Config, Params extends VlmParams, Init = never>(
  parts: FamilyParts<Config, Params, Init>,
) {
  /** Parameters with values. */
  type HostTree = OfLeaves<Params, HostArray>;
  const architecture = (config: Config): Architecture<Params, Config> => ({
    parts,
    config,
    decoder: parts.decoder(config),
  });
  const specs = (config: Config) => specsOf(parts, config);
  const toNamed = (params: HostTree) => namedOf(parts, params);
  const fromNamed = <A>(config: Config, named: Readonly<Record<string, A>>) => {
    const tree = mapSpecs(specs(config), (_, path): A => {
      const name = parts.tensorName(path);
      if (named[name] === undefined) throw new TypeError(`parameters: no ${name}`);
      return named[name];
    });
    const head = named[parts.tensorName(headPath)];
    return { ...tree, ...(head !== undefined && { lmHead: { weight: head } }) } as OfLeaves<Params, A>;
  };
  const arrays = inputArrays(parts);
  const facts = (config: Config) => factsOf(parts, config);
  return {
    modelType: parts.modelType,
    visibility: parts.visibility ?? "causal",
    ...(parts.chatTemplate !== undefined && { chatTemplate: parts.chatTemplate }),
    parseConfig: parts.parseConfig,
    configToJson: parts.configToJson,
    facts,
    specs,
    namedSpecs: (config: Config) => namedSpecsOf(parts, config),
    initParams: (config: Config, seed: number | string, init?: Init) =>
      mapSpecs(specs(config), (spec, path) =>
        parts.draw === undefined ? initParam(spec, seed, path) : parts.draw(config, spec, path, seed, init),
      ) as HostTree,
    toNamed,
    fromNamed,
    tensorName: parts.tensorName,
    moduleName: parts.moduleName ?? parts.tensorName,
    currentTensorName: parts.currentTensorName,
    ...arrays,
    forward: <T extends TapName = never>(
      config: Config,
      params: Params,
      inputs: ModelInputs,
      options: ForwardOptions<T>,
    ) => forward(architecture(config), params, inputs, options),
    head: (config: Config, params: Params) => headOf(parts.decoder(config), params),
    createGenerator: (config: Config, options: GeneratorOptions) => {
      const imageTokenId = parts.imageTokenId(config);
      const { visibility = "causal" } = parts;
      const model = { family: { ...arrays, facts }, config, imageTokenId, visibility };
      return createGenerator(architecture(config), model, options);
    },
    limitSize: parts.limitSize ?? noLimit,
    openReader: parts.openReader,
    async load(given: GivenSource) {
      const source = sourceOf(given);
      const config = await loadConfig(parts, source);
      const checkpoint = await openCheckpoint(source);
      const { shapes, aliases } = await fitOf(parts, config, checkpoint);
      const tensors = await loadTensors(checkpoint, shapes, { aliases });
      return { config, params: fromNamed<HostArray>(config, Object.fromEntries(tensors)) };
    },
    async open(given: GivenSource, form: WeightForm) {
      const source = sourceOf(given);
      const config = await loadConfig(parts, source);
      const checkpoint = await openCheckpoint(source);
      const { shapes, aliases } = await fitOf(parts, config, checkpoint);
      const named = namedSpecsOf(parts, config);
      const tensors = await openWeights(checkpoint, shapes, {
        aliases,
        as: form,
        isLinear: (name) => isAdaptable(named[name]),
      });
      return { config, params: fromNamed<ConstantArray>(config, Object.fromEntries(tensors)) };
    },
    save: (folder: string, model: { config: Config; params: HostTree }, options: SaveOptions = {}) =>
      saveModel(parts, folder, model, toNamed(model.params), options),
  } satisfies ModelFamily;
}

/** What a family adds to the arrays of rows with images. */
function inputArrays<C, P extends VlmParams, I>(parts: FamilyParts<C, P, I>) {
  return {
    pixels: (config: C) => parts.pixels?.(config) ?? onePicture,
    imageInputs: (config: C, rows: readonly RowLayout[], layout: ImageLayout) => {
      const shapes = rows.map(({ images }) => images.map(({ shape }) => shape));
      return { ...parts.imageInputs?.(config, shapes, layout) };
    },
    rotaryPositions: (config: C, positionIds: HostArray, rows: readonly RowLayout[]) =>
      parts.rotaryPositions?.(config, positionIds, rows) ?? positionIds,
  };
}

function specsOf<C, P extends VlmParams, I>(parts: FamilyParts<C, P, I>, config: C): OfLeaves<P, PartSpec> {
  const own: object = parts.visionSpecs(config);
  return { ...own, ...decoderSpecs(parts.decoder(config)) } as OfLeaves<P, PartSpec>;
}

function namedSpecsOf<C, P extends VlmParams, I>(parts: FamilyParts<C, P, I>, config: C) {
  const { lmHead } = decoderSpecs({ ...parts.decoder(config), tieWordEmbeddings: false });
  const named: Record<string, PartSpec> = {};
  mapSpecs({ ...specsOf(parts, config), lmHead }, (spec, path) => {
    named[parts.tensorName(path)] = spec;
  });
  return named;
}

/** Maps the leaves of a tree of specs, with their paths. */
function mapSpecs<B>(specs: object, f: (spec: PartSpec, path: string) => B): object {
  return mapTree(specs, isPartSpec, f) as object;
}

function namedOf<C, P extends VlmParams, I>(parts: FamilyParts<C, P, I>, params: unknown) {
  const named: Record<string, HostArray> = {};
  mapTree(params, isLeaf as (x: unknown) => x is HostArray, (leaf, path) => {
    named[parts.tensorName(path)] = leaf;
  });
  return named;
}

/** Names and shapes of all tensors of a checkpoint. */
function shapesOf<C, P extends VlmParams, I>(parts: FamilyParts<C, P, I>, config: C) {
  const shapes = new Map<string, readonly number[]>();
  mapSpecs(specsOf(parts, config), ({ shape }, path) => shapes.set(parts.tensorName(path), shape));
  return shapes;
}

const headPath = "lmHead.weight";
const tablePath = "languageModel.embedTokens.weight";

/**
 * What a checkpoint must hold, and today's names for its names. As transformers ties a head: it is the token embeddings,
 * unless a file has both with different values, which are kept then; of one alone, whichever it is, both are made.
 */
async function fitOf<C, P extends VlmParams, I>(
  parts: FamilyParts<C, P, I>,
  config: C,
  checkpoint: Checkpoint,
) {
  const shapes = shapesOf(parts, config);
  const aliases = (stored: string) => parts.currentTensorName(stored);
  if (!parts.decoder(config).tieWordEmbeddings) return { shapes, aliases };
  const [headName, tableName] = [headPath, tablePath].map(parts.tensorName);
  const stored = (name: string) =>
    [...checkpoint.tensors.values()].find((entry) => aliases(entry.name) === name);
  const [head, table] = [stored(headName), stored(tableName)];
  if (head !== undefined && table !== undefined && !(await sameTensor(checkpoint, head, table)))
    return { shapes: shapes.set(headName, shapes.get(tableName) ?? []), aliases };
  const ofHead = table === undefined ? tableName : null;
  return { shapes, aliases: (name: string) => (aliases(name) === headName ? ofHead : aliases(name)) };
}

function factsOf<C, P extends VlmParams, I>(parts: FamilyParts<C, P, I>, config: C): ModelFacts {
  const decoder = parts.decoder(config);
  return {
    modelType: parts.modelType,
    vocabSize: decoder.vocabSize,
    layers: decoder.layers.length,
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

async function loadConfig<C, P extends VlmParams, I>(parts: FamilyParts<C, P, I>, source: Source) {
  const path = source.place("config.json");
  const json = await source.json("config.json");
  if (json === undefined) throw new UserError(`${path}: expected a file, found none`);
  return parts.parseConfig(json, path);
}

/** Writes a folder that Python `transformers` loads, whole or not at all. */
async function saveModel<C, P extends VlmParams, I>(
  parts: FamilyParts<C, P, I>,
  folder: string,
  { config }: { config: C },
  named: Readonly<Record<string, HostArray>>,
  { dtype = "F32", files = {}, replace = false }: SaveOptions,
): Promise<void> {
  const headName = parts.tensorName(headPath);
  const written = parts.configToJson(config);
  const json = {
    ...(headName in named ? withHead(written) : written),
    dtype: dtype === "F16" ? "float16" : "float32",
  };
  const { bosTokenId, eosTokenIds, padTokenId } = parts.decoder(config);
  const generation = {
    bos_token_id: bosTokenId,
    eos_token_id: eosTokenIds.length > 1 ? eosTokenIds : eosTokenIds[0],
    pad_token_id: padTokenId,
  };
  const all = { "config.json": json, "generation_config.json": generation, ...files };
  await disk.writeModel(folder, { files: all, tensors: new Map(Object.entries(named)), dtype, replace });
}

/** A config that ties the head says otherwise where there is one of its own. */
function withHead(json: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const untied = { tie_word_embeddings: false };
  return { ...json, text_config: { ...(json.text_config as object), ...untied }, ...untied };
}
