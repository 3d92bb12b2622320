/**
 * GGUF files, as llama.cpp keeps language models: one file with settings, tokenizer and weights.
 *
 *     isGguf(path)            -> whether a path names such a file
 *     openGguf(file)          -> GgufFile: its fields and tensors, checked against its length
 */
import { fileOf } from "#source";
import { UserError } from "../../common/errors.ts";
import { isLfsPointer, lfsPointer } from "../../common/lfs.ts";
import type { SourceFile } from "../source/given.ts";
import { damage } from "../weights/safetensors.ts";
import { EndOfBytes, type GgufHeader, longestHeader, parseHeader } from "./header.ts";

export interface GgufFile extends GgufHeader {
  /** How messages call it: its path. */
  readonly place: string;
  readonly file: SourceFile;
}

/** Whether a path is that of a GGUF file, by its name. */
export function isGguf(path: string): boolean {
  return /\.gguf$/i.test(path);
}

/** Bytes that are read at first, and how much more each time that they do not hold the header. */
const [firstBytes, growth] = [2 ** 20, 4];

/** Throws a UserError for a damaged file, and for a part of a model that was split. */
export async function openGguf(given: string | SourceFile): Promise<GgufFile> {
  const file = typeof given === "string" ? fileOf(given) : given;
  const place = file.source.place(file.path);
  const size = await file.source.size(file.path);
  if (size === undefined) throw damage(place, "expected a GGUF file, found: no such file");
  const header = await readHeader(file, { place, size });
  refuseSplit(header, place);
  return { ...header, place, file };
}

async function readHeader({ source, path }: SourceFile, facts: { place: string; size: number }) {
  const { place, size } = facts;
  const most = Math.min(size, longestHeader);
  for (let length = firstBytes; ; length *= growth) {
    const bytes =
      (await source.bytes(path, { offset: 0, length: Math.min(length, most) })) ?? new Uint8Array();
    if (isLfsPointer(bytes)) throw lfsPointer(place);
    try {
      return parseHeader(bytes, facts);
    } catch (error) {
      if (!(error instanceof EndOfBytes)) throw error;
      if (length >= most) throw damage(place, `header: expected within ${most} bytes, found their end`);
    }
  }
}

/** The first file of several has all fields, and no more than its own tensors. */
function refuseSplit({ fields }: GgufHeader, place: string): void {
  const parts = fields.get("split.count");
  if (typeof parts !== "number" || parts < 2) return;
  throw new UserError(
    `${place}: expected a whole model in one file, found one of ${parts} parts; join them first: llama-gguf-split --merge`,
  );
}
