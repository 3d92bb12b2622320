/** GGUF files made field by field, for tests: sound ones, and ones with anything wrong. */

export type Field = readonly [name: string, type: number, value: Uint8Array];

export interface Tensor {
  readonly name: string;
  /** Fastest axis first, as in the file. */
  readonly sizes: readonly (number | bigint)[];
  readonly type: number;
  readonly offset: number | bigint;
}

export const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
export const u64 = (value: number | bigint) => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
export const text = (value: string | Uint8Array): Uint8Array => {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return joined(u64(bytes.length), bytes);
};
export const joined = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

export interface Parts {
  readonly magic?: string;
  readonly version?: number;
  readonly fields?: readonly Field[];
  readonly tensors?: readonly Tensor[];
  readonly counts?: { readonly tensors?: number | bigint; readonly fields?: number | bigint };
  /** Bytes behind the header, which is padded to 32. */
  readonly data?: number;
}

export function ggufBytes({
  magic = "GGUF",
  version = 3,
  fields = [],
  tensors = [],
  counts,
  data = 0,
}: Parts): Uint8Array {
  const header = joined(
    new TextEncoder().encode(magic),
    u32(version),
    u64(counts?.tensors ?? tensors.length),
    u64(counts?.fields ?? fields.length),
    ...fields.map(([name, type, value]) => joined(text(name), u32(type), value)),
    ...tensors.map(({ name, sizes, type, offset }) =>
      joined(text(name), u32(sizes.length), ...sizes.map(u64), u32(type), u64(offset)),
    ),
  );
  return joined(header, new Uint8Array((32 - (header.length % 32)) % 32), new Uint8Array(data));
}
