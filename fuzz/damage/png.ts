/** Damage inside the chunks of a PNG whose sums are right again, so that it is not refused for them. */
import { crc32 } from "node:zlib";
import type { Random } from "../../src/common/random.ts";
import { type Damaged, damageBytes, joined } from "./bytes.ts";

const SIGNATURE = 8;

/** One damaged chunk; undefined where the bytes are no PNG. */
export function damagePng(random: Random, bytes: Uint8Array): Damaged | undefined {
  const chunks = chunksOf(bytes);
  if (chunks.length === 0) return undefined;
  const chosen = random.integer(3) === 0 ? chunks[0] : random.pick(chunks); // The first holds sizes and kinds.
  const damaged = damageBytes(random, chosen.data, random.pick(chunks).data);
  const before = bytes.subarray(0, chosen.start);
  const after = bytes.subarray(chosen.start + 12 + chosen.data.length);
  const type = Buffer.from(chosen.type).toString("latin1");
  return {
    bytes: joined(before, chunk(chosen.type, damaged.bytes), after),
    what: `chunk ${type}: ${damaged.what}`,
  };
}

interface Chunk {
  readonly start: number;
  readonly type: Uint8Array;
  readonly data: Uint8Array;
}

function chunksOf(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks: Chunk[] = [];
  if (bytes[0] !== 0x89 || bytes[1] !== 0x50) return chunks;
  for (let start = SIGNATURE; start + 12 <= bytes.length; ) {
    const length = view.getUint32(start);
    if (start + 12 + length > bytes.length) break;
    const type = bytes.subarray(start + 4, start + 8);
    chunks.push({ start, type, data: bytes.subarray(start + 8, start + 8 + length) });
    start += 12 + length;
  }
  return chunks;
}

function chunk(type: Uint8Array, data: Uint8Array): Uint8Array {
  const body = joined(type, data);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return joined(length, body, sum);
}
