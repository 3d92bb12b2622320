/** Damage to the header of a safetensors file whose length is right again. */
import type { Random } from "../../src/common/random.ts";
import { type Damaged, joined } from "./bytes.ts";
import { damageJson } from "./json.ts";

export function damageSafetensors(random: Random, bytes: Uint8Array, other: Uint8Array): Damaged | undefined {
  const [header, donor] = [headerOf(bytes), headerOf(other)];
  if (header === undefined) return undefined;
  const changed = damageJson(random, header, donor ?? header);
  if (changed === undefined) return undefined;
  const text = Buffer.from(changed.text);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const data = bytes.subarray(8 + Buffer.byteLength(header));
  return { bytes: joined(length, text, data), what: `header: ${changed.what}` };
}

function headerOf(bytes: Uint8Array): string | undefined {
  if (bytes.length < 8) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(bytes.length - 8)) return undefined;
  return Buffer.from(bytes.subarray(8, 8 + Number(length))).toString("utf8");
}
