/** A family's models as Hugging Face folders: read, opened without reading, written. */
import { disk } from "#disk";
import { sourceOf } from "#source";
import { UserError } from "../../common/errors.ts";
import type { HostArray } from "../../engine/host.ts";
import type { ModelFolder } from "../../hub/disk/disk.ts";
import type { Source } from "../../hub/source.ts";
import { loadTensors, openCheckpoint } from "../../hub/weights/checkpoint.ts";
import { noteInFiles } from "../../hub/weights/in-files.ts";
import type { Checkpoint } from "../../hub/weights/safetensors.ts";
import { sameTensor } from "../../hub/weights/same-tensor.ts";
import { openWeights, type WeightForm } from "../../hub/weights/weights.ts";
import type { BoundFamily, SaveOptions } from "../contract/family.ts";
import type { VlmParams } from "../contract/parts.ts";
import { isAdaptable } from "../contract/roles.ts";
import type { ConfiguredParts } from "./configured.ts";
import { headPath, type paramsOf, tablePath } from "./params.ts";

/** A model's parsed config.json, and its place. */
export async function readConfigOf(source: Source): Promise<readonly [json: unknown, place: string]> {
  const path = source.place("config.json");
  const json = await source.json("config.json");
  if (json === undefined) throw new UserError(`${path}: expected a file, found none`);
  return [json, path];
}

export function filesOf<C, P extends VlmParams, I extends object>(
  own: ConfiguredParts<C, P, I>,
  { namedSpecs, toNamed, fromNamed }: ReturnType<typeof paramsOf<C, P, I>>,
): Pick<BoundFamily<P, C, I>, "load" | "open" | "content" | "save"> {
  return {
    async load(given) {
      const checkpoint = await openCheckpoint(sourceOf(given));
      const { shapes, aliases } = await fitOf(own, namedSpecs, checkpoint);
      return fromNamed(Object.fromEntries(await loadTensors(checkpoint, shapes, { aliases })));
    },
    async open(given, form, machine) {
      const checkpoint = await openCheckpoint(sourceOf(given));
      const { shapes, aliases } = await fitOf(own, namedSpecs, checkpoint);
      const isLinear = (name: string) => isAdaptable(namedSpecs[name]);
      const head = headOf(own, shapes);
      const options = { aliases, isLinear, head, machine };
      const opened = async (as: WeightForm) =>
        fromNamed(Object.fromEntries(await openWeights(checkpoint, shapes, { ...options, as })));
      const params = await opened(form);
      if (form === "memory" && checkpoint.hasPaths)
        await noteInFiles(params, pathsOf(checkpoint), () => opened("mapped"));
      return params;
    },
    content: (params, options = {}) => contentOf(own, toNamed(params), options),
    save: (folder, params, options = {}) => disk.writeModel(folder, contentOf(own, toNamed(params), options)),
  };
}

const pathsOf = ({ tensors }: Checkpoint) => [...new Set([...tensors.values()].map(({ file }) => file))];

/**
 * What a checkpoint must hold, and today's names for its names. As transformers ties a head: it is the token embeddings,
 * unless a file has both with different values, which are kept then; of one alone, whichever it is, both are made.
 */
async function fitOf<C, P extends VlmParams, I extends object>(
  { parts, decoder: { tieWordEmbeddings: tied } }: ConfiguredParts<C, P, I>,
  namedSpecs: BoundFamily["namedSpecs"],
  checkpoint: Checkpoint,
) {
  const [headName, tableName] = [headPath, tablePath].map(parts.tensorName);
  const aliases = (stored: string) => parts.currentTensorName(stored);
  const all = Object.entries(namedSpecs).map(([name, { shape }]) => [name, shape] as const);
  if (!tied) return { shapes: new Map(all), aliases };
  const stored = (name: string) =>
    [...checkpoint.tensors.values()].find((entry) => aliases(entry.name) === name);
  const [head, table] = [stored(headName), stored(tableName)];
  if (head !== undefined && table !== undefined && !(await sameTensor(checkpoint, head, table)))
    return { shapes: new Map(all), aliases };
  const ofHead = table === undefined ? tableName : null;
  return {
    shapes: new Map(all.filter(([name]) => name !== headName)),
    aliases: (name: string) => (aliases(name) === headName ? ofHead : aliases(name)),
  };
}

/** The head's name, and the tensor that has its values: of a tied one the table of embeddings. */
function headOf<C, P extends VlmParams, I extends object>(
  { parts }: ConfiguredParts<C, P, I>,
  shapes: ReadonlyMap<string, unknown>,
) {
  const [name, table] = [headPath, tablePath].map(parts.tensorName);
  return { name, of: shapes.has(name) ? name : table };
}

/** The folder of a model, as Python `transformers` loads it. */
function contentOf<C, P extends VlmParams, I extends object>(
  { parts, config, decoder: { bosTokenId, eosTokenIds, padTokenId } }: ConfiguredParts<C, P, I>,
  named: Readonly<Record<string, HostArray>>,
  { dtype = "F32", files = {}, replace = false }: SaveOptions,
): ModelFolder {
  const written = parts.configToJson(config);
  const json = {
    ...(parts.tensorName(headPath) in named ? withHead(written) : written),
    dtype: dtype === "F16" ? "float16" : "float32",
  };
  const generation = {
    bos_token_id: bosTokenId,
    eos_token_id: eosTokenIds.length > 1 ? eosTokenIds : eosTokenIds[0],
    pad_token_id: padTokenId,
  };
  const all = { "config.json": json, "generation_config.json": generation, ...files };
  return { files: all, tensors: new Map(Object.entries(named)), dtype, replace };
}

/** A config that ties the head says otherwise where there is one of its own. */
function withHead(json: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const untied = { tie_word_embeddings: false };
  return { ...json, text_config: { ...(json.text_config as object), ...untied }, ...untied };
}
