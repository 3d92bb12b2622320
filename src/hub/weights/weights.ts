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
 *   file in the cache, and the head's in 8 bits in another.
 */
export const weightForms = ["memory", "mapped", "int8", "int4"] as const;
export type WeightForm = (typeof weightForms)[number];

export interface WeightOptions extends LoadOptions {
  /** Default "memory". */
  readonly as?: WeightForm;
  /** Whether a wanted tensor is the matrix of a linear layer; default: none is. */
  readonly isLinear?: (name: string) => boolean;
  /**
   * The name of the matrix that makes logits, and the wanted tensor that has its values: itself, or the table of embeddings,
   * which stays as it is. With weights in few bits it is held in 8.
   */
  readonly head?: { readonly name: string; readonly of: string };
  /** Says where the cache is. */
  readonly machine?: Machine;
}

/** Finds each wanted tensor (name -> shape) as {@link matchTensors} does, and opens it. */
export async function openWeights(
  source: Checkpoint,
  wanted: ReadonlyMap<string, readonly number[]>,
  { as = "memory", isLinear = () => false, head, machine, ...options }: WeightOptions = {},
): Promise<Map<string, ConstantArray>> {
  const found = matchTensors(source, wanted, options);
  if (as === "memory") return loadEntries(source, found);
  const opened = new Map<string, ConstantArray>();
  for (const [format, entries] of Object.entries(as === "mapped" ? {} : inFewBits(found, as, isLinear, head)))
    await addQuantised(opened, source, entries, format as FewBits, machine);
  const rest = new Map<string, TensorEntry>();
  for (const [name, entry] of found) {
    if (opened.has(name)) continue;
    const array = source.hasPaths ? mappedTensor(entry) : undefined;
    if (array === undefined) rest.set(name, entry);
    else opened.set(name, array);
  }
  for (const [name, array] of await loadEntries(source, rest)) opened.set(name, array);
  return opened;
}

type FewBits = keyof typeof quantisedFormats;

/** What is held in few bits, by the name that it is found for: of each format. */
function inFewBits(
  found: ReadonlyMap<string, TensorEntry>,
  as: FewBits,
  isLinear: (name: string) => boolean,
  head: WeightOptions["head"],
): Partial<Record<FewBits, Map<string, TensorEntry>>> {
  const linear = [...found].filter(([name, entry]) => isLinear(name) && isMatrix(entry));
  const values = head && found.get(head.of);
  const heads = values && isMatrix(values) ? [[head.name, values] as const] : [];
  if (as === "int8") return { int8: new Map([...linear, ...heads]) };
  return { [as]: new Map(linear), int8: new Map(heads) };
}

/** Adds matrices in few bits by the names that they are found for. */
async function addQuantised(
  opened: Map<string, ConstantArray>,
  source: Checkpoint,
  found: ReadonlyMap<string, TensorEntry>,
  as: FewBits,
  machine?: Machine,
): Promise<void> {
  const quantised = await quantisedOf(source, [...found.values()], as, machine);
  for (const [name, entry] of found) opened.set(name, quantised.get(entry.name) as QuantisedArray);
}

async function quantisedOf(
  source: Checkpoint,
  entries: readonly TensorEntry[],
  as: FewBits,
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
