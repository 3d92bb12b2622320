/**
 * Matrices in 8 or 4 bits with one scale for each block of a row, symmetric around zero: w ≈ c s with
 * s = max |w| / (2^(bits - 1) - 1) over the block, so that |w - c s| <= s / 2.
 *
 *     quantise(values, shape, format)     -> codes and scales, as `QuantisedArray` (engine/host.ts) has them
 *     quantisedTensors(entries, format)   -> the same for tensors of a checkpoint, from a file in the cache that
 *                                            is made once, tensor after tensor
 */
import { createHash } from "node:crypto";
import { realpath, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { QuantisedArray } from "../../engine/host.ts";
import { type Checkpoint, damage, openSafetensors, type TensorEntry } from "./safetensors.ts";
import { type TensorHeader, writeTensorFile } from "./safetensors-write.ts";

export interface QuantisedFormat {
  readonly bits: 4 | 8;
  readonly blockSize: number;
}

/** With scales, 8 bits take 8.5 a weight and 4 bits take 5. */
export const quantisedFormats = {
  int8: { bits: 8, blockSize: 64 },
  int4: { bits: 4, blockSize: 32 },
} as const satisfies Record<string, QuantisedFormat>;

export interface Quantised {
  /** [O, J, blockSize * bits / 8] */
  readonly codes: Uint8Array<ArrayBuffer>;
  /** [O, J] */
  readonly scales: Float32Array<ArrayBuffer>;
}

/** values [O, I] */
export function quantise(
  values: Float32Array,
  shape: readonly number[],
  { bits, blockSize }: QuantisedFormat,
): Quantised {
  const [O, I] = shape;
  const J = Math.ceil(I / blockSize);
  const centre = 2 ** (bits - 1);
  const scales = new Float32Array(O * J);
  const codes = new Uint8Array((O * J * blockSize * bits) / 8).fill(bits === 8 ? centre : centre * 17);
  for (let block = 0; block < O * J; block++) {
    const first = Math.floor(block / J) * I + (block % J) * blockSize;
    const count = Math.min(blockSize, I - (block % J) * blockSize);
    const scale = Math.fround(largest(values, first, count) / (centre - 1));
    scales[block] = scale;
    if (scale > 0) encodeBlock[bits](codes, block * blockSize, values, first, count, scale);
  }
  return { codes, scales };
}

function largest(values: Float32Array, first: number, count: number): number {
  let most = 0;
  for (let i = first; i < first + count; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}

type Encode = (
  codes: Uint8Array,
  at: number,
  values: Float32Array,
  first: number,
  count: number,
  scale: number,
) => void;

/** The nearest code: all are positive, so that dropping the fraction after adding a half rounds. */
const encodeBlock: Record<4 | 8, Encode> = {
  8(codes, at, values, first, count, scale) {
    for (let i = 0; i < count; i++) codes[at + i] = values[first + i] / scale + 128.5;
  },
  4(codes, at, values, first, count, scale) {
    for (let i = 0; i < count; i += 2) {
      const low = (values[first + i] / scale + 8.5) | 0;
      const high = i + 1 < count ? (values[first + i + 1] / scale + 8.5) | 0 : 8;
      codes[(at + i) / 2] = low | (high << 4);
    }
  },
};

/** Tensors [O, I] by their names, in few bits. */
export async function quantisedTensors(
  source: Checkpoint,
  entries: readonly TensorEntry[],
  format: QuantisedFormat,
): Promise<Map<string, QuantisedArray>> {
  const path = join(cacheFolder(), `${await keyOf(entries, format)}.safetensors`);
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
    for (const { name, shape } of entries) {
      const { data } = await source.read(name);
      const values = data instanceof Float32Array ? data : Float32Array.from(data);
      const { codes, scales } = quantise(values, shape, format);
      if (!scales.every(Number.isFinite)) throw damage(source.path, `tensor ${name}: expected finite values`);
      yield codes;
      yield new Uint8Array(scales.buffer);
    }
  }
  const { bits, blockSize } = format;
  await writeTensorFile(path, headers, contents(), { bits: `${bits}`, block_size: `${blockSize}` });
}

/** `FOVEA_CACHE` says where it is; else `fovea` in `XDG_CACHE_HOME` or ~/.cache. */
export function cacheFolder(): string {
  const base =
    process.env.FOVEA_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "fovea");
  return join(base, "quantised");
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
    .update(JSON.stringify([1, format, facts, tensors]))
    .digest("hex")
    .slice(0, 32);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
