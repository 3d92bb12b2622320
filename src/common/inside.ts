/**
 * Files that another file names: a picture of a data set, of a run, a part of a model. Whoever wrote that name may be a
 * stranger, so what it leads to is read only inside the folder that the user gave, by real path.
 */
import { constants, type Stats } from "node:fs";
import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { mustBe, UserError } from "./errors.ts";

/** What a name leads to: the real path of a file, or why there is none that may be read. */
export type Found =
  | { readonly path: string }
  | { readonly problem: "outside" | "missing" | "no file"; readonly got: string; readonly hint?: string };

export interface InsideOptions {
  /** Takes absolute paths too, where they lead into the folder. */
  readonly absolute?: boolean;
  /** How errors call what should be there; "a file" when left out. */
  readonly expected?: string;
}

/**
 * The real path of the file that `name` stands for in `folder`. Throws a `UserError`, which begins with `what`, for an
 * absolute path, one that leads out of the folder by `..` or by a link, a name with a NUL, and for what is no regular
 * file: a folder, a pipe, a device. The folder itself may be a link; and what a snapshot in a cache of Hugging Face links
 * to may lie in the `blobs` beside it.
 */
export async function pathInside(
  folder: string,
  name: string,
  what: string,
  options: InsideOptions = {},
): Promise<string> {
  const found = await resolveInside(folder, name, options);
  if ("path" in found) return found.path;
  if (found.problem === "outside") throw mustBe(what, "path", `inside ${folder}`, found.got, found.hint);
  throw notFound(what, options.expected, found.got);
}

function notFound(what: string, expected = "a file", found: string, cause?: unknown): UserError {
  return new UserError(`${what}: expected ${expected}, found: ${found}`, { cause });
}

/** As {@link pathInside}, for those who have another way where there is no such file. */
export async function resolveInside(
  folder: string,
  name: string,
  { absolute = false }: InsideOptions = {},
): Promise<Found> {
  if (name.includes("\0")) return { problem: "missing", got: "a name with a NUL character" };
  if (isAbsolute(name) ? !absolute : leadsOut(name))
    return outside(name, isAbsolute(name) ? "write it as seen from that folder" : hint);
  const named = resolve(folder, name);
  const [home, real] = await Promise.all([realOf(folder), realOf(named)]);
  if (home === undefined || real === undefined) return { problem: "missing", got: "no such file" };
  if (!isWithin(home, real) && home !== real && !isBlob(home, real))
    return outside(name, isAbsolute(name) ? hint : `it is a link to ${real}; ${hint}`);
  const other = notRegular(await stat(real));
  return other === undefined ? { path: real } : { problem: "no file", got: other };
}

const hint = "copy the file into that folder";

function outside(got: string, hint: string): Found {
  return { problem: "outside", got, hint };
}

async function realOf(path: string): Promise<string | undefined> {
  return realpath(path).catch((error: NodeJS.ErrnoException) => {
    if (["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP"].includes(error.code ?? "")) return undefined;
    throw new UserError(`${path} cannot be read: ${error.message}`, { cause: error });
  });
}

/** Whether a name leads out of any folder, whatever is there: an absolute path, or one that goes up by `..`. */
export function leadsOut(name: string): boolean {
  const any = resolve("folder");
  const named = resolve(any, name);
  return isAbsolute(name) || (named !== any && !isWithin(any, named));
}

/** Whether an absolute path lies below a folder; names like `..cat.png` are names. */
export function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** `models--NAME/snapshots/REVISION/...` links to `models--NAME/blobs/HASH`: the cache of Hugging Face keeps files once. */
function isBlob(home: string, real: string): boolean {
  for (let at = home; dirname(at) !== at; at = dirname(at)) {
    const repository = dirname(dirname(at));
    if (dirname(at) === join(repository, "snapshots") && /^(models|datasets)--/.test(nameOf(repository)))
      return isWithin(join(repository, "blobs"), real);
  }
  return false;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf(sep) + 1);
}

/** What is there instead of a regular file; undefined for a regular file. */
function notRegular(facts: Stats): string | undefined {
  if (facts.isFile()) return undefined;
  if (facts.isDirectory()) return "a folder";
  if (facts.isFIFO()) return "a pipe";
  return facts.isSocket() ? "a socket" : "a device";
}

/**
 * Opens a regular file to read; a pipe or a device is refused and never waited for. Throws a `UserError` that begins with
 * `what`.
 */
export async function openRegular(path: string, what = path, expected = "a file"): Promise<FileHandle> {
  const unreadable = (cause: NodeJS.ErrnoException): never => {
    const isMissing = ["ENOENT", "ENOTDIR"].includes(cause.code ?? "");
    throw notFound(what, expected, isMissing ? "no such file" : cause.message, cause);
  };
  const other = notRegular(await stat(path).catch(unreadable));
  if (other !== undefined) throw notFound(what, expected, other);
  // It may have been replaced since: opened without waiting, looked at again.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(unreadable);
  const late = notRegular(await file.stat());
  if (late === undefined) return file;
  await file.close();
  throw notFound(what, expected, late);
}

/** `length` bytes of an open file from `offset` on; fewer where it ends before. */
export async function readAt(
  file: FileHandle,
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const chunk = Math.min(length - done, 2 ** 30); // One read call moves less than 2 GiB.
    const { bytesRead } = await file.read(bytes, done, chunk, offset + done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
}

/** The text of a file that may be missing: undefined where it is. Throws as {@link readRegular} does. */
export async function readIfThere(path: string, most = 2 ** 28): Promise<string | undefined> {
  return (await bytesIfThere(path, most))?.toString("utf8");
}

/** As {@link readIfThere}, its bytes. */
export async function bytesIfThere(
  path: string,
  most?: number,
  expected?: string,
): Promise<Buffer<ArrayBuffer> | undefined> {
  try {
    return await readRegular(path, path, most, expected);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether an error of this file says that there is no such file. */
export function isMissing(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}

/** The bytes of a regular file of at most `most` bytes. Throws a `UserError` that begins with `what`. */
export async function readRegular(
  path: string,
  what = path,
  most = 2 ** 31 - 1,
  expected?: string,
): Promise<Buffer<ArrayBuffer>> {
  const file = await openRegular(path, what, expected);
  try {
    const { size } = await file.stat();
    if (size > most) throw mustBe(what, "size", `at most ${most} bytes`, size);
    return await file.readFile();
  } finally {
    await file.close();
  }
}
