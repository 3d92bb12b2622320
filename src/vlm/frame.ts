import type { Size } from "../common/image.ts";
import { type Frame, frameOf, type PlaceStyle } from "../grounding/text.ts";
import type { ImageReader } from "../models/images.ts";

/** Sizes remembered before the memory is emptied: a bound for data where every picture has a size of its own. */
const REMEMBERED = 10_000;

/**
 * How a model's own processor sees pictures by their sizes, for places in a style: only pixels of the resized picture
 * depend on it.
 */
export function frameReader(reader: ImageReader, { scale }: PlaceStyle): (size: Size) => Frame {
  if (scale !== "resized") return (size) => frameOf(size);
  const known = new Map<string, Size>();
  return (size) => {
    const key = `${size.width} x ${size.height}`;
    const seen = known.get(key) ?? reader.measure(size).processed;
    if (known.size >= REMEMBERED) known.clear();
    known.set(key, seen);
    return frameOf(size, seen);
  };
}
