import { extname } from "node:path";
import { z } from "zod";
import { rowSchema } from "../imagefolder/schema.ts";
import type { PublicFormat, PublicRow, Source } from "./format.ts";
import { readJsonRows } from "./json.ts";
import { pictureFinder, sourceFiles } from "./pictures.ts";
import { attempt, checked } from "./rows.ts";

/** A line of `metadata.jsonl`; the picture's path may be called `image` too. */
const ownSchema = z.preprocess((value) => {
  if (typeof value !== "object" || value === null || "file_name" in value || !("image" in value))
    return value;
  return { ...value, file_name: value.image };
}, rowSchema);

/** A folder of pictures with `metadata.jsonl`, as this project and `datasets` have it. */
export const imageFolder: PublicFormat = {
  description: "a folder with metadata.jsonl",
  path: "a folder",
  origin: "given by the maker",
  options: [],
  read: (source) => readOwn(source, ["metadata.jsonl"]),
};

/** One's own questions, one object a line or a list of them, with paths of pictures. */
export const jsonLines: PublicFormat = {
  description: "one's own JSONL with paths of pictures",
  path: "data.jsonl",
  origin: "given by the maker",
  options: [],
  read: (source) => readOwn(source, [".jsonl", ".json"]),
};

async function* readOwn(source: Source, ends: readonly string[]): AsyncGenerator<PublicRow> {
  const { path, tally } = source;
  // A folder is the root of its pictures even where its name has a dot.
  const images =
    source.images ?? (ends[0] === "metadata.jsonl" && extname(path) !== ".jsonl" ? path : undefined);
  const find = pictureFinder({ ...source, ...(images !== undefined && { images }) });
  for (const file of await sourceFiles(path, ends))
    for await (const { place, value } of checked(readJsonRows(file, tally), ownSchema, tally)) {
      const { fileName, id, questions, concepts } = value;
      const picture = await attempt(place, tally, () => find(fileName));
      if (picture !== undefined) yield { place, id, picture, questions, concepts };
    }
}
