/** The small files of a model's folder, which strangers wrote: regular files of a bounded size, and no pointers. */
import { stat } from "node:fs/promises";
import { UserError } from "../common/errors.ts";
import { bytesIfThere, readRegular } from "../common/inside.ts";
import { longestPointer, refuseLfsPointer } from "../common/lfs.ts";
import { parseJson } from "./json.ts";

/** Twice the largest published tokenizer.json. */
const mostTokenizer = 64 * 2 ** 20;
const mostOther = 16 * 2 ** 20;

/**
 * Text of a file, undefined where there is none. Throws a UserError for what is no regular file, is larger than such a
 * file has reason to be, or is a Git LFS pointer.
 */
export async function readModelText(path: string): Promise<string | undefined> {
  const most = /tokenizer\.json$|\.index\.json$/.test(path) ? mostTokenizer : mostOther;
  const bytes = await bytesIfThere(path, most, "a readable file");
  if (bytes === undefined) return undefined;
  refuseLfsPointer(path, bytes);
  return bytes.toString("utf8");
}

/** Object of a JSON file; undefined where there is none. Throws a UserError for anything else. */
export async function readModelJson(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const text = await readModelText(path);
  if (text === undefined) return undefined;
  const found = jsonOrFault(text, path);
  if (typeof found === "object" && found !== null && !Array.isArray(found))
    return found as Record<string, unknown>;
  throw new UserError(`${path}: expected a JSON object, found something else`);
}

function jsonOrFault(text: string, path: string): unknown {
  try {
    return parseJson(text, path);
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    const told = (cause as Error).message.replaceAll(/\s+/g, " ");
    throw new UserError(`${path}: expected a JSON object, found: ${told}`, { cause });
  }
}

/** Throws a UserError for a small file that is a Git LFS pointer. */
export async function refusePointer(path: string): Promise<void> {
  const { size } = await stat(path);
  if (size <= longestPointer) refuseLfsPointer(path, await readRegular(path));
}
