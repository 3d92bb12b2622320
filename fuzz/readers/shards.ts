/** A model's weights as two files with an index. */
import { joined } from "../damage/bytes.ts";
import type { Files } from "../reader.ts";
import { json, text } from "./files.ts";

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** The same model in shards. */
export function inShards({ "model.safetensors": whole, ...files }: Files): Files {
  const bytes = Buffer.from(whole);
  const length = Number(bytes.readBigUInt64LE(0));
  const { __metadata__: _, ...header } = JSON.parse(bytes.toString("utf8", 8, 8 + length)) as Record<
    string,
    Entry
  >;
  const data = bytes.subarray(8 + length);
  const all = Object.entries(header);
  const middle = Math.ceil(all.length / 2);
  const names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  const parts = [all.slice(0, middle), all.slice(middle)];
  const weight_map = Object.fromEntries(parts.flatMap((part, i) => part.map(([name]) => [name, names[i]])));
  const shards = parts.map((part, i) => [names[i], shard(part, data)] as const);
  return {
    ...files,
    ...Object.fromEntries(shards),
    "model.safetensors.index.json": json({ metadata: {}, weight_map }),
  };
}

function shard(entries: readonly (readonly [string, Entry])[], data: Uint8Array): Uint8Array {
  const header: Record<string, Entry> = {};
  const values: Uint8Array[] = [];
  let end = 0;
  for (const [
    name,
    {
      data_offsets: [from, to],
      ...entry
    },
  ] of entries) {
    header[name] = { ...entry, data_offsets: [end, end + to - from] };
    end += to - from;
    values.push(data.subarray(from, to));
  }
  const spelt = text(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(spelt.length));
  return joined(length, spelt, ...values);
}
