/**
 * Matrices in 8 or 4 bits with one scale for each block of a row: w ≈ c s with c from -h to h - 1, h = 2^(bits - 1), and
 * s = max |w| / (h - 1) over the block. Of 4 bits the largest weight is -h s where no other is beyond h - 1 then: steps are an
 * eighth smaller, and s has either sign. In both cases |w - c s| <= |s| / 2.
 *
 *     quantise(values, shape, format)     -> codes and scales, as `QuantisedArray` (engine/host.ts) has them
 *     quantisedInMemory(source, entries, format)     the same for tensors of a checkpoint
 *     quantisedTensors(source, entries, format)      the same, from a file in the cache (quantised-file.ts)
 */
import type { QuantisedArray } from "../../engine/host.ts";
import { type Checkpoint, damage, type TensorEntry } from "./safetensors.ts";

export interface QuantisedFormat {
  readonly bits: 4 | 8;
  readonly blockSize: number;
}

/** With scales, 8 bits take 9 a weight and 4 bits take 5. */
export const quantisedFormats = {
  int8: { bits: 8, blockSize: 32 },
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
    const scale = scaleOf(values, first, count, centre);
    scales[block] = scale;
    if (scale !== 0) encodeBlock[bits](codes, block * blockSize, values, first, count, scale);
  }
  return { codes, scales };
}

/** The step of a block, of h codes below zero and h - 1 above it. */
function scaleOf(values: Float32Array, first: number, count: number, h: number): number {
  let [low, high] = [0, 0];
  for (let i = first; i < first + count; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  const sign = high > -low ? -1 : 1;
  const [largest, opposite] = sign < 0 ? [high, 0 - low] : [0 - low, high];
  const fits = h === 8 && opposite / largest < (h - 0.51) / h;
  return Math.fround(fits ? (sign * largest) / h : largest / (h - 1));
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

/** Tensors [O, I] by their names, in few bits, in memory: one is read after the other. */
export async function quantisedInMemory(
  source: Checkpoint,
  entries: readonly TensorEntry[],
  format: QuantisedFormat,
): Promise<Map<string, QuantisedArray>> {
  const made = new Map<string, QuantisedArray>();
  for (const entry of entries) {
    const { codes, scales } = await quantiseTensor(source, entry, format);
    made.set(entry.name, { dtype: "float32", shape: entry.shape, ...format, codes, scales });
  }
  return made;
}

/** Throws a UserError for a tensor with values that are no finite numbers. */
export async function quantiseTensor(
  source: Checkpoint,
  { name, shape }: TensorEntry,
  format: QuantisedFormat,
): Promise<Quantised> {
  const { data } = await source.read(name);
  const made = quantise(data instanceof Float32Array ? data : Float32Array.from(data), shape, format);
  if (made.scales.every(Number.isFinite)) return made;
  throw damage(source.path, `tensor ${name}: expected finite values`);
}
