import type { Size } from "../common/image.ts";
import { type Frame, frameOf, type PlaceStyle } from "../grounding/text.ts";
import type { ImageReader } from "../models/inputs/images.ts";

/**
 * How a model's own processor sees pictures by their sizes, for places in a style: only pixels of the resized picture
 * depend on it.
 */
export function frameReader(reader: ImageReader, { scale }: PlaceStyle): (size: Size) => Frame {
  if (scale !== "resized") return (size) => frameOf(size);
  return (size) => frameOf(size, reader.measure(size).processed);
}
