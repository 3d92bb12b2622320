/** `#source` on a machine: a text is the path of a folder. */
import { basename, dirname } from "node:path";
import { folderSource } from "./folder.ts";
import type { SourceMaker } from "./given.ts";

export const { sourceOf, fileOf }: SourceMaker = {
  sourceOf: (given) => (typeof given === "string" ? folderSource(given) : given),
  fileOf: (path) => ({ source: folderSource(dirname(path)), path: basename(path) }),
};
