import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { mustBe, UserError } from "../../common/errors.ts";
import type { RgbImage } from "../../common/image.ts";
import { parseJson } from "../../common/json.ts";
import { pictureSize, readImage } from "../../hub/image-file.ts";
import type { Example, ExampleRef } from "../example.ts";
import { pictureCache } from "./picture-cache.ts";
import { type Row, rowSchema } from "./schema.ts";

/** A data set on disk: its rows, and the images when they are asked for. */
export interface ImageFolder {
  readonly folder: string;
  readonly rows: readonly Row[];
  /** Reads image `index` and gives the whole example. */
  example(index: number): Promise<Example>;
}

/** Opens a folder that holds `metadata.jsonl`; every mistake in it is a `UserError` with file, line and field. */
export async function openImageFolder(folder: string): Promise<ImageFolder> {
  const path = join(folder, "metadata.jsonl");
  const text = await readFile(path, "utf8").catch((cause) => {
    throw new UserError(`data set ${folder}: metadata.jsonl cannot be read: ${cause.message}`, { cause });
  });
  const rows = text
    .split("\n")
    .map((line, i) => [line.trim(), i + 1] as const)
    .filter(([line]) => line !== "")
    .map(([line, number]) => parseRow(line, `${path}, line ${number}`));
  if (rows.length === 0) throw mustBe("data set", path, "a file with at least one line", "an empty file");
  return { folder, rows, example: (index) => readExample(folder, rows[index]) };
}

/**
 * The examples of a data set with their pictures unread: opening reads `metadata.jsonl` alone. Pictures are decoded
 * when an example is loaded; the last ones are kept, up to {@link CACHED_BYTES}.
 */
export async function readExampleRefs(folder: string): Promise<readonly ExampleRef[]> {
  const { rows } = await openImageFolder(folder);
  const pictures = pictureCache(CACHED_BYTES);
  return rows.map((row) => {
    const { id, questions, concepts } = row;
    const path = join(folder, row.fileName);
    const load = async () => withPicture(folder, row, await pictures.read(path));
    return { id, picture: row.fileName, questions, concepts, size: () => pictureSize(path), load };
  });
}

/** Bytes of decoded pictures that are kept for the next question about them. */
const CACHED_BYTES = 128 * 2 ** 20;

/** Reads a data set whole, or its first `limit` examples. */
export async function readImageFolder(folder: string, limit?: number): Promise<Example[]> {
  const { rows } = await openImageFolder(folder);
  return Promise.all(rows.slice(0, limit).map((row) => readExample(folder, row)));
}

function parseRow(line: string, place: string): Row {
  const parsed = rowSchema.safeParse(parseJson(line, place));
  if (parsed.success) return parsed.data;
  throw new UserError(`${place}: ${describeIssue(parsed.error.issues[0])}`, { cause: parsed.error });
}

/** The first issue as one line; for a choice of types, that of the choice itself. */
function describeIssue({ path, message }: z.core.$ZodIssue): string {
  const field = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return field === "" ? message : `${field.replace(/^\./, "")}: ${message}`;
}

async function readExample(folder: string, row: Row): Promise<Example> {
  return withPicture(folder, row, await readImage(join(folder, row.fileName)));
}

function withPicture(folder: string, { id, questions, concepts }: Row, image: RgbImage): Example {
  for (const region of [...questions, ...concepts].flatMap(({ regions }) => regions))
    if (region.kind === "mask" && (region.size[0] !== image.height || region.size[1] !== image.width))
      throw mustBe(`data set ${folder}, example ${id}`, "mask size", `[${image.height}, ${image.width}]`, [
        ...region.size,
      ]);
  return { id, image, questions, concepts };
}
