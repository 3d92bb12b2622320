/** Are two tensors the same values? A tied head may stand in a file twice. */
import type { Checkpoint, TensorEntry } from "./safetensors.ts";

/** Bytes compared at a time. */
const chunk = 2 ** 22;

/** Whether two tensors of a checkpoint have the same values. */
export async function sameTensor(source: Checkpoint, a: TensorEntry, b: TensorEntry): Promise<boolean> {
  if (a.shape.join() !== b.shape.join()) return false;
  if (a.dtype === b.dtype) return sameBytes(source, a, b);
  const [one, other] = [await source.read(a.name), await source.read(b.name)];
  return one.data.every((value, i) => value === other.data[i]);
}

async function sameBytes(source: Checkpoint, a: TensorEntry, b: TensorEntry): Promise<boolean> {
  for (let offset = 0; offset < a.byteLength; offset += chunk) {
    const length = Math.min(chunk, a.byteLength - offset);
    const one = await source.bytes(a, { offset, length });
    const other = await source.bytes(b, { offset, length });
    if (!isSame(one, other)) return false;
  }
  return true;
}

/** Of bytes that lie at the beginning of their memory. */
function isSame(a: Uint8Array<ArrayBuffer>, b: Uint8Array<ArrayBuffer>): boolean {
  const words = Math.floor(a.length / 4);
  const [one, other] = [new Uint32Array(a.buffer, 0, words), new Uint32Array(b.buffer, 0, words)];
  return (
    one.every((value, i) => value === other[i]) &&
    a.subarray(4 * words).every((value, i) => value === b[4 * words + i])
  );
}
