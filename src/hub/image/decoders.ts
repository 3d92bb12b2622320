/**
 * The one place that loads sharp. Its library opens what a file's bytes say, whatever the file is called, and some
 * formats draw other files or hold programs: only decoders of pictures that we name are left on. SVG is on from memory
 * alone, where it has no place of its own from which to reach a file, for the drawings that Fovea brings along.
 */
import sharp, { type Metadata } from "sharp";

const decoders = ["Png", "Jpeg", "Webp", "Nsgif", "Tiff", "Heif", "SvgBuffer"];

sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({ operation: decoders.map((name) => `VipsForeignLoad${name}`) });

// Decoders would keep what they read under a file's path, and give the old pixels of a file that was written anew.
sharp.cache(false);

export { type Metadata, sharp };
