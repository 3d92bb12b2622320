/** The little of a TIFF's first directory that decoders do not say: how its colours are meant, which side is up. */

/** Tags by their numbers: the first value of each, and where it stands. */
export type TiffTags = ReadonlyMap<number, { readonly value: number; readonly at: number }>;

export const tiffTag = { compression: 259, photometric: 262, orientation: 274, subsampling: 530 } as const;

/** The tags of the first directory whose values are 16 or 32-bit numbers; none of what is no classic TIFF. */
export function readTiffTags(source: Uint8Array): TiffTags {
  const view = new DataView(source.buffer, source.byteOffset, source.length);
  const little = source[0] === 0x49 && source[1] === 0x49;
  const tags = new Map<number, { value: number; at: number }>();
  if (source.length < 8 || view.getUint16(2, little) !== 42) return tags;
  const start = view.getUint32(4, little);
  if (start + 2 > source.length) return tags;
  const count = view.getUint16(start, little);
  for (let at = start + 2; at < start + 2 + 12 * count && at + 12 <= source.length; at += 12) {
    const type = view.getUint16(at + 2, little);
    if (type !== 3 && type !== 4) continue;
    const value = type === 3 ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little);
    tags.set(view.getUint16(at, little), { value, at: at + 8 });
  }
  return tags;
}
