/**
 * The tensors of a GGUF file as those of a checkpoint: numbers in few bits are float32 here, others keep their type.
 *
 *     checkpointOf(gguf, {headsOf, leaves})   -> the entries by name, and their values
 *     ggufTensors(gguf, {headsOf})            -> the entries, which `tensorBytes` (weights/tensor-stream.ts) reads in blocks
 *
 * llama.cpp turns pairs of neighbouring numbers of a head, and its converter therefore weaves the two halves of each head of
 * queries and keys: row 2 j + i of a head is row i H/2 + j of the model. `headsOf` says how many heads a tensor has whose
 * rows are to be put back in the model's order.
 */
import { float32, sizeOf } from "../../engine/host.ts";
import type { ByteRange } from "../source.ts";
import { type Checkpoint, damage, type TensorEntry } from "../weights/safetensors.ts";
import { floatsOf } from "../weights/tensor-stream.ts";
import { dequantise } from "./dequantise.ts";
import { blockShapes } from "./format.ts";
import type { GgufTensor } from "./header.ts";
import type { GgufFile } from "./open.ts";

export interface TensorOptions {
  /** Heads whose rows are woven; undefined for a tensor whose rows stand in order. */
  readonly headsOf?: (name: string) => number | undefined;
}

/** The tensors of `gguf` but those that it `leaves` out. */
export function checkpointOf(
  gguf: GgufFile,
  { leaves = [], ...options }: TensorOptions & { readonly leaves?: readonly string[] },
): Pick<Checkpoint, "path" | "tensors" | "read"> {
  const tensors = ggufTensors(gguf, options);
  for (const name of leaves) tensors.delete(name);
  return {
    path: gguf.place,
    tensors,
    async read(name) {
      const entry = tensors.get(name);
      if (entry === undefined) throw damage(gguf.place, `tensor ${name}: expected in the file, found none`);
      return float32(entry.shape, await floatsOf(entry));
    },
  };
}

export function ggufTensors(
  gguf: GgufFile,
  { headsOf = () => undefined }: TensorOptions = {},
): Map<string, TensorEntry> {
  const entries = [...gguf.tensors.values()].map((tensor): TensorEntry => {
    const { name, type, shape, byteOffset } = tensor;
    const heads = headsOf(name);
    const place = { name, shape, file: gguf.place, byteOffset };
    if (heads === undefined && (type === "F32" || type === "F16" || type === "BF16"))
      return { ...place, dtype: type, byteLength: tensor.byteLength };
    const dtype = type === "F16" || type === "BF16" ? type : "F32";
    const step = heads === undefined ? block : headSize(gguf, tensor, heads);
    const values = async function* () {
      for await (const part of valuesOf(gguf, tensor, step))
        yield heads === undefined ? part : unwoven(part, shape[0] / heads);
    };
    return { ...place, dtype, byteLength: tensor.byteLength, values };
  });
  return new Map(entries.map((entry) => [entry.name, entry]));
}

/** Numbers that are read at a time: whole blocks of every type. */
const block = 2 ** 20;

/** Numbers of one head: whole blocks, so that rows can be put in order by themselves. */
function headSize({ place }: GgufFile, { name, type, shape }: GgufTensor, heads: number): number {
  const [rows, ...widths] = shape;
  const wrong = (expected: string, found: string) =>
    damage(place, `tensor ${name}: expected ${expected}, found ${found}`);
  if (rows % (2 * heads) !== 0) throw wrong(`rows of ${heads} heads of an even size`, `${rows} rows`);
  const size = (rows / heads) * sizeOf(widths);
  if (size % blockShapes[type].elements === 0) return size;
  throw wrong(`heads of whole blocks of ${type}`, `${size} numbers a head`);
}

/** A tensor's numbers in the file's order, `step` at a time: whole blocks, or whole rows. */
async function* valuesOf({ file, place }: GgufFile, tensor: GgufTensor, step: number) {
  const { elements, bytes } = blockShapes[tensor.type];
  const width = (step / elements) * bytes;
  for (let done = 0; done < tensor.byteLength; done += width) {
    const length = Math.min(width, tensor.byteLength - done);
    const range: ByteRange = { offset: tensor.byteOffset + done, length };
    const part = await file.source.bytes(file.path, range);
    if (part?.length !== length)
      throw damage(place, `tensor ${tensor.name}: expected ${tensor.byteLength} bytes, found the file's end`);
    yield dequantise(tensor.type, part);
  }
}

/** The rows of one head in the model's order. */
function unwoven(values: Float32Array, rows: number): Float32Array {
  const out = new Float32Array(values.length);
  const width = values.length / rows;
  for (let row = 0; row < rows; row++) {
    const [half, pair] = row < rows / 2 ? [0, row] : [1, row - rows / 2];
    const from = (2 * pair + half) * width;
    out.set(values.subarray(from, from + width), row * width);
  }
  return out;
}
