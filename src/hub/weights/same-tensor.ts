import { open } from "node:fs/promises";
import type { Checkpoint, TensorEntry } from "./safetensors.ts";

/** Bytes compared at a time. */
const chunk = 2 ** 22;

/** Whether two tensors of a checkpoint have the same values. */
export async function sameTensor(source: Checkpoint, a: TensorEntry, b: TensorEntry): Promise<boolean> {
  if (a.shape.join() !== b.shape.join()) return false;
  if (a.dtype === b.dtype) return sameBytes(a, b);
  const [one, other] = [await source.read(a.name), await source.read(b.name)];
  return one.data.every((value, i) => value === other.data[i]);
}

async function sameBytes(a: TensorEntry, b: TensorEntry): Promise<boolean> {
  const files = [await open(a.file), await open(b.file)];
  const [one, other] = [new Uint8Array(chunk), new Uint8Array(chunk)];
  try {
    for (let at = 0; at < a.byteLength; at += chunk) {
      const length = Math.min(chunk, a.byteLength - at);
      await files[0].read(one, 0, length, a.byteOffset + at);
      await files[1].read(other, 0, length, b.byteOffset + at);
      if (Buffer.compare(one.subarray(0, length), other.subarray(0, length)) !== 0) return false;
    }
    return true;
  } finally {
    for (const file of files) await file.close();
  }
}
