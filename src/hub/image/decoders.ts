/**
 * The one place that loads sharp, when it is first called. Its library opens what a file's bytes say, whatever the file is
 * called, and some formats draw other files or hold programs: only decoders of pictures that we name are left on. SVG is on
 * from memory alone, where it has no place of its own from which to reach a file, for the drawings that Fovea brings along.
 */
import { createRequire } from "node:module";
import type { Metadata, Sharp, SharpInput, SharpOptions } from "sharp";

export type { Metadata };

const decoders = ["Png", "Jpeg", "Webp", "Nsgif", "Tiff", "Heif", "SvgBuffer"];

type Library = typeof import("sharp", { with: { "resolution-mode": "import" }}).default;

let loaded: Library | undefined;

/** sharp itself, with its library loaded. */
export function sharp(input?: SharpInput, options?: SharpOptions): Sharp {
  loaded ??= load();
  return loaded(input, options);
}

function load(): Library {
  const library: Library = createRequire(import.meta.url)("sharp");
  library.block({ operation: ["VipsForeignLoad"] });
  library.unblock({ operation: decoders.map((name) => `VipsForeignLoad${name}`) });
  // Decoders would keep what they read under a file's path, and give the old pixels of a file that was written anew.
  library.cache(false);
  return library;
}
