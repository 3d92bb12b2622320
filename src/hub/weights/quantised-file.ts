/** Matrices in few bits from a file in the cache, which is made once, tensor after tensor, and mapped from then on. */
import { createHash } from "node:crypto";
import { realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../../common/cache-folder.ts";
import type { QuantisedArray } from "../../engine/host.ts";
import { type QuantisedFormat, quantiseTensor } from "./quantise.ts";
import { type Checkpoint, openSafetensors, type TensorEntry } from "./safetensors.ts";
import type { TensorHeader } from "./safetensors-encode.ts";
import { writeTensorFile } from "./safetensors-write.ts";

/** Tensors [O, I] by their names, in few bits, in the cache of the machine or in `folder`. */
export async function quantisedTensors(
  source: Checkpoint,
  entries: readonly TensorEntry[],
  format: QuantisedFormat,
  folder?: string,
): Promise<Map<string, QuantisedArray>> {
  const path = join(cacheFolder(folder), "quantised", `${await keyOf(entries, format)}.safetensors`);
  if (!(await exists(path))) await makeFile(path, source, entries, format);
  const made = await openSafetensors(path);
  const rangeOf = (name: string) => {
    const { file, byteOffset, byteLength } = made.tensors.get(name) as TensorEntry;
    return { path: file, offset: byteOffset, length: byteLength };
  };
  return new Map(
    entries.map(({ name, shape }): [string, QuantisedArray] => [
      name,
      {
        dtype: "float32",
        shape,
        ...format,
        codes: rangeOf(`${name}.codes`),
        scales: rangeOf(`${name}.scales`),
      },
    ]),
  );
}

async function makeFile(
  path: string,
  source: Checkpoint,
  entries: readonly TensorEntry[],
  format: QuantisedFormat,
): Promise<void> {
  const headers = entries.flatMap(({ name, shape: [O, I] }): TensorHeader[] => {
    const J = Math.ceil(I / format.blockSize);
    const bytes = (format.blockSize * format.bits) / 8;
    return [
      { name: `${name}.codes`, dtype: "U8", shape: [O, J, bytes] },
      { name: `${name}.scales`, dtype: "F32", shape: [O, J] },
    ];
  });
  async function* contents() {
    for (const entry of entries) {
      const { codes, scales } = await quantiseTensor(source, entry, format);
      yield codes;
      yield new Uint8Array(scales.buffer);
    }
  }
  const { bits, blockSize } = format;
  await writeTensorFile(path, headers, contents(), { bits: `${bits}`, block_size: `${blockSize}` });
}

/** The same files, unchanged, and the same tensors have the same key. */
async function keyOf(entries: readonly TensorEntry[], format: QuantisedFormat): Promise<string> {
  const files = [...new Set(entries.map(({ file }) => file))].sort();
  const facts = await Promise.all(
    files.map(async (file) => {
      const path = await realpath(file);
      const { size, mtimeMs } = await stat(path);
      return [path, size, mtimeMs];
    }),
  );
  const tensors = entries.map(({ name, dtype, byteOffset }) => [name, dtype, byteOffset]);
  return createHash("sha256")
    .update(JSON.stringify([2, format, facts, tensors]))
    .digest("hex")
    .slice(0, 32);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
