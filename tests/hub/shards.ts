import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { HostArray } from "../../src/engine/host.ts";
import { toFloat16 } from "../../src/hub/weights/halves.ts";
import type { Checkpoint } from "../../src/hub/weights/safetensors.ts";

type Floating = "F32" | "F16" | "BF16";

/** Writes a checkpoint as two shards with an index; the second one starts at an odd byte of its file. */
export async function writeShards(folder: string, source: Checkpoint, dtype: Floating): Promise<void> {
  const names = [...source.tensors.keys()];
  const half = Math.ceil(names.length / 2);
  const map: Record<string, string> = {};
  for (const [i, part] of [names.slice(0, half), names.slice(half)].entries()) {
    const file = `model-0000${i + 1}-of-00002.safetensors`;
    const arrays = await Promise.all(part.map(async (name) => [name, await source.read(name)] as const));
    await writeFile(join(folder, file), fileOf(new Map(arrays), dtype, i));
    for (const name of part) map[name] = file;
  }
  await writeFile(
    join(folder, "model.safetensors.index.json"),
    JSON.stringify({ metadata: {}, weight_map: map }),
  );
}

/** A file of one tensor [rows, columns] whose first values are given, the others 1. */
export function asDType(
  tensors: ReadonlyMap<string, readonly [number, number, readonly number[]]>,
  dtype: Floating,
): Uint8Array {
  const arrays = [...tensors].map(([name, [rows, columns, values]]): [string, HostArray] => {
    const data = new Float32Array(rows * columns).fill(1);
    data.set(values);
    return [name, { dtype: "float32", shape: [rows, columns], data }];
  });
  return fileOf(new Map(arrays), dtype, 0);
}

function fileOf(tensors: ReadonlyMap<string, HostArray>, dtype: Floating, shift: number): Uint8Array {
  const parts: Uint8Array[] = [];
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, { shape, data }] of tensors) {
    const bytes = encode(data as Float32Array, dtype);
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
    parts.push(bytes);
  }
  const text = JSON.stringify(header);
  const json = Buffer.from(text + " ".repeat(((8 - (text.length % 8)) % 8) + shift));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...parts]);
}

function encode(values: Float32Array, dtype: Floating): Uint8Array {
  if (dtype === "F32") return new Uint8Array(values.slice().buffer);
  if (dtype === "F16") return new Uint8Array(toFloat16(values).buffer);
  const words = new Uint32Array(values.slice().buffer);
  return new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
}
