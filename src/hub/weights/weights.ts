/**
 * A checkpoint's tensors for programs that do not change them.
 *
 *     openWeights(checkpoint, wanted, { as: "mapped" })   -> Map wanted name -> array in its file
 *     readWeight(array)                                   -> its values in memory
 */
import { disk } from "#disk";
import type { ConstantArray, FileArray, HalfType, HostArray, QuantisedArray } from "../../engine/host.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import { type LoadOptions, loadEntries, matchTensors } from "./checkpoint.ts";
import { quantisedFormats, quantisedInMemory } from "./quantise.ts";
import type { Checkpoint, StoredDType, TensorEntry } from "./safetensors.ts";
import { decodeValues } from "./values.ts";

/**
 * Where the files have no paths (a server's, a page's), nothing can be mapped: `mapped` reads, and matrices in few bits lie
 * in memory.
 *
 * - `memory`: read, as float32.
 * - `mapped`: matrices stay in the file, in the type they have there; programs map them into memory, so that
 *   they take the file's size, the system may drop their pages, and programs and processes share them.
 * - `int8`, `int4`: as `mapped`, but the matrices of linear layers are rounded once to so many bits and lie in a
 *   file in the cache.
 */
export const weightForms = ["memory", "mapped", "int8", "int4"] as const;
export type WeightForm = (typeof weightForms)[number];

export interface WeightOptions extends LoadOptions {
  /** Default "memory". */
  readonly as?: WeightForm;
  /** Whether a wanted tensor is the matrix of a linear layer; default: none is. */
  readonly isLinear?: (name: string) => boolean;
  /** Says where the cache is. */
  readonly machine?: Machine;
}

/** Finds each wanted tensor (name -> shape) as {@link matchTensors} does, and opens it. */
export async function openWeights(
  source: Checkpoint,
  wanted: ReadonlyMap<string, readonly number[]>,
  { as = "memory", isLinear = () => false, machine, ...options }: WeightOptions = {},
): Promise<Map<string, ConstantArray>> {
  const found = matchTensors(source, wanted, options);
  if (as === "memory") return loadEntries(source, found);
  const linear =
    as === "mapped" ? [] : [...found].filter(([name, entry]) => isLinear(name) && isMatrix(entry));
  const quantised = as === "mapped" ? new Map() : await quantisedOf(source, linear.map(entryOf), as, machine);
  const opened = new Map<string, ConstantArray>();
  const rest = new Map<string, TensorEntry>();
  for (const [name, entry] of found) {
    const array = quantised.get(entry.name) ?? (source.hasPaths ? mappedTensor(entry) : undefined);
    if (array === undefined) rest.set(name, entry);
    else opened.set(name, array);
  }
  for (const [name, array] of await loadEntries(source, rest)) opened.set(name, array);
  return opened;
}

const entryOf = ([, entry]: readonly [string, TensorEntry]) => entry;

async function quantisedOf(
  source: Checkpoint,
  entries: readonly TensorEntry[],
  as: "int8" | "int4",
  machine?: Machine,
) {
  if (entries.length === 0) return new Map<string, QuantisedArray>();
  const format = quantisedFormats[as];
  if (!source.hasPaths) return quantisedInMemory(source, entries, format);
  return disk.quantisedTensors(source, entries, format, machine?.cacheFolder);
}

const halves: Partial<Record<StoredDType, HalfType>> = { F16: "float16", BF16: "bfloat16" };

/**
 * The array in its file; undefined for vectors and kernels, which are small and which the engine can fuse when it
 * sees their values.
 */
function mappedTensor(entry: TensorEntry): ConstantArray | undefined {
  const { dtype, shape, file: path, byteOffset: offset, byteLength: length } = entry;
  const stored = halves[dtype];
  if (!isMatrix(entry) || (stored === undefined && dtype !== "F32")) return undefined;
  const array = { dtype: "float32", shape, file: { path, offset, length } } as const;
  return stored === undefined ? array : { ...array, stored };
}

const storedTypes = { float16: "F16", bfloat16: "BF16" } as const satisfies Record<HalfType, StoredDType>;

/** The values of an array that lies in its file, float32; one in memory is given as it is. */
export async function readWeight(array: HostArray | FileArray): Promise<HostArray> {
  if ("data" in array) return array;
  const bytes = await disk.bytesOf(array.file);
  const stored = array.stored === undefined ? "F32" : storedTypes[array.stored];
  return decodeValues(array.file.path, stored, array.shape, bytes);
}

function isMatrix({ shape }: TensorEntry): boolean {
  return shape.length === 2 && shape[0] * shape[1] > 0;
}
