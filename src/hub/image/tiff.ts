/** The little of a TIFF's first directory that sharp does not say: how its colours are meant. */

/** Tags by their numbers, the first value of each. */
export type TiffTags = ReadonlyMap<number, number>;

export const tiffTag = { compression: 259, photometric: 262, subsampling: 530 } as const;

/** The tags of the first directory whose values are 16 or 32-bit numbers; none of what is no classic TIFF. */
export function readTiffTags(source: Uint8Array): TiffTags {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.length);
  const read = (at: number, length: number) => bytes.subarray(at, at + length);
  const head = read(0, 8);
  const little = head.toString("latin1", 0, 2) === "II";
  const number = (bytes: Buffer, at: number, size: 2 | 4) =>
    little ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size);
  if (head.length < 8 || number(head, 2, 2) !== 42) return new Map();
  const start = number(head, 4, 4);
  const count = read(start, 2);
  const entries = count.length < 2 ? count : read(start + 2, 12 * number(count, 0, 2));
  const tags = new Map<number, number>();
  for (let at = 0; at + 12 <= entries.length; at += 12) {
    const size = ({ 3: 2, 4: 4 } as const)[number(entries, at + 2, 2)];
    if (size !== undefined) tags.set(number(entries, at, 2), number(entries, at + 8, size));
  }
  return tags;
}
