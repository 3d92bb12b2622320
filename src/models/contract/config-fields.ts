/**
 * Kinds of fields that configs have, with bounds: work that follows from a config alone (a list of layers, a table of
 * frequencies) is done before its checkpoint is opened, whose tensors then say what is true.
 */
import { z } from "zod";

/** A width, or how many of something a layer has. */
export const size = z
  .int()
  .positive()
  .max(2 ** 24);
/** Layers of one part. The deepest models have a tenth of it. */
export const layers = z.int().positive().max(1000);
/** A place in a row, or how many there are. */
export const positions = z
  .int()
  .positive()
  .max(2 ** 31 - 1);
export const tokenId = z
  .int()
  .nonnegative()
  .max(2 ** 31 - 1);
/** Pixels on a side. */
export const pixels = z
  .int()
  .positive()
  .max(2 ** 15);
/** Indices of layers. */
export const layerIndices = z.array(z.int().nonnegative()).max(1000);
