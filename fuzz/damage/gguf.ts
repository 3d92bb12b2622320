/** Damage to a GGUF file behind one of its names: to the type, the length or the value of a field, to a tensor's sizes. */
import type { Random } from "../../src/common/random.ts";
import type { Damaged } from "./bytes.ts";

const names = /(?:general|llama|qwen2|qwen3|tokenizer)\.[\w.]+|(?:blk\.\d+|token_embd|output_norm)\.[\w.]+/g;
const extremes = [
  0n,
  1n,
  2n,
  3n,
  8n,
  9n,
  33n,
  255n,
  0xffffn,
  0xffff_ffffn,
  1n << 31n,
  1n << 40n,
  (1n << 63n) - 1n,
];

export function damageGguf(random: Random, bytes: Uint8Array): Damaged | undefined {
  const found = [...Buffer.from(bytes).toString("latin1").matchAll(names)];
  if (found.length === 0) return undefined;
  const { 0: name, index } = random.pick(found);
  // A field's type, its value or its list's type, the list's length; a tensor's axes, sizes and type.
  const at = index + name.length + random.pick([0, 4, 8, 12, 16, 20, 24]);
  const width = random.pick([1, 4, 4, 8]);
  const value = BigInt.asUintN(8 * width, random.pick([...extremes, -1n]));
  const copy = new Uint8Array(bytes);
  for (let i = 0; i < width && at + i < copy.length; i++)
    copy[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return { bytes: copy, what: `${width} bytes at ${at}, behind ${name}, say ${value}` };
}
