/** From what one family says of itself to a whole model: parameters, forward pass, generation, loading and saving. */
import { disk } from "#disk";
import { sourceOf } from "#source";
import { UserError } from "../common/errors.ts";
import { type HostArray, isLeaf } from "../engine/host.ts";
import type { Source } from "../hub/source.ts";
import { loadTensors, openCheckpoint } from "../hub/weights/checkpoint.ts";
import type { Checkpoint } from "../hub/weights/safetensors.ts";
import { sameTensor } from "../hub/weights/same-tensor.ts";
import { openWeights } from "../hub/weights/weights.ts";
import { initParam, mapTree } from "../nn/init.ts";
import type { BoundFamily, DefinedFamily, FamilyFacts, ModelFacts, SaveOptions } from "./contract/family.ts";
import type { FamilyParts, OfLeaves, VlmParams } from "./contract/parts.ts";
import { isAdaptable, isPartSpec, type PartSpec } from "./contract/roles.ts";
import { decoderSpecs } from "./decoder/params.ts";
import { forward } from "./forward/forward.ts";
import { type Architecture, headOf } from "./forward/pass.ts";
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
  const decoder = parts.decoder(config);
  const architecture: Architecture<Params, Config> = { parts, config, decoder };
  const specs = specsOf(parts, config);
  const namedSpecs = namedSpecsOf(parts, config);
  const fromNamed = <A>(named: Readonly<Record<string, A>>) =>
    treeOf<A>(parts, specs, named) as OfLeaves<Params, A>;
  const shared = { ...familyFacts(parts), ...inputArrays(parts, config), facts: factsOf(parts, config) };
  return {
    ...shared,
    config,
    specs,
    namedSpecs,
    configToJson: () => parts.configToJson(config),
    initParams: (seed, init) =>
      mapSpecs(specs, (spec, path) =>
        parts.draw === undefined ? initParam(spec, seed, path) : parts.draw(config, spec, path, seed, init),
      ) as OfLeaves<Params, HostArray>,
    toNamed: (params) => namedOf(parts, params),
    fromNamed,
    forward: (params, inputs, options) => forward(architecture, params, inputs, options),
    head: (params) => headOf(decoder, params),
    createGenerator: (options) => createGenerator(architecture, { family: shared }, options),
    openReader: (files, tokenizer, path) => parts.openReader(config, files, tokenizer, path),
    async load(given) {
      const checkpoint = await openCheckpoint(sourceOf(given));
      const { shapes, aliases } = await fitOf(parts, config, checkpoint);
      return fromNamed(Object.fromEntries(await loadTensors(checkpoint, shapes, { aliases })));
    },
    async open(given, form) {
      const checkpoint = await openCheckpoint(sourceOf(given));
      const { shapes, aliases } = await fitOf(parts, config, checkpoint);
      const isLinear = (name: string) => isAdaptable(namedSpecs[name]);
      return fromNamed(
        Object.fromEntries(await openWeights(checkpoint, shapes, { aliases, as: form, isLinear })),
      );
    },
    save: (folder, params, options = {}) => saveModel(parts, folder, config, namedOf(parts, params), options),
  };
}

/** What a family adds to the arrays of rows with images. */
function inputArrays<C, P extends VlmParams, I extends object>(parts: FamilyParts<C, P, I>, config: C) {
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

/** The tree of leaves by the names of their tensors; with a head of its own where they have one. */
function treeOf<A>(
  { tensorName }: { tensorName(path: string): string },
  specs: object,
  named: Readonly<Record<string, A>>,
): object {
  const tree = mapSpecs(specs, (_, path): A => {
    const name = tensorName(path);
    if (named[name] === undefined) throw new TypeError(`parameters: no ${name}`);
    return named[name];
  });
  const head = named[tensorName(headPath)];
  return { ...tree, ...(head !== undefined && { lmHead: { weight: head } }) };
}

function specsOf<C, P extends VlmParams, I extends object>(
  parts: FamilyParts<C, P, I>,
  config: C,
): OfLeaves<P, PartSpec> {
  const own: object = parts.visionSpecs(config);
  return { ...own, ...decoderSpecs(parts.decoder(config)) } as OfLeaves<P, PartSpec>;
}

function namedSpecsOf<C, P extends VlmParams, I extends object>(parts: FamilyParts<C, P, I>, config: C) {
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

function namedOf<A, C, P extends VlmParams, I extends object>(
  parts: FamilyParts<C, P, I>,
  params: OfLeaves<P, A>,
) {
  const named: Record<string, A> = {};
  mapTree(params, isLeaf as (x: unknown) => x is A, (leaf, path) => {
    named[parts.tensorName(path)] = leaf;
  });
  return named;
}

/** Names and shapes of all tensors of a checkpoint. */
function shapesOf<C, P extends VlmParams, I extends object>(parts: FamilyParts<C, P, I>, config: C) {
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
async function fitOf<C, P extends VlmParams, I extends object>(
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

function factsOf<C, P extends VlmParams, I extends object>(
  parts: FamilyParts<C, P, I>,
  config: C,
): ModelFacts {
  const decoder = parts.decoder(config);
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

/** A model's parsed config.json, and its place. */
async function readConfigOf(source: Source): Promise<readonly [json: unknown, place: string]> {
  const path = source.place("config.json");
  const json = await source.json("config.json");
  if (json === undefined) throw new UserError(`${path}: expected a file, found none`);
  return [json, path];
}

/** Writes a folder that Python `transformers` loads, whole or not at all. */
async function saveModel<C, P extends VlmParams, I extends object>(
  parts: FamilyParts<C, P, I>,
  folder: string,
  config: C,
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
