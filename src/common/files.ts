/** Files and folders that appear whole or not at all. */
import { renameSync, rmSync } from "node:fs";
import { access, lstat, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";
import { getSystemErrorMessage } from "node:util";
import { UserError } from "./errors.ts";
import { replaceFolder } from "./exchange.ts";
import { cleanOnSuddenEnd } from "./signals.ts";
import { sweep, temporaryName } from "./temporary.ts";

/**
 * Writes a file whole or not at all: to a temporary name beside it, flushed, then renamed over it. Removes what killed
 * processes left there. Throws a {@link UserError} where it cannot be written.
 */
export async function writeFileWhole(
  path: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  const target = resolve(path);
  const temporary = temporaryName(target);
  const settled = removedOnSuddenEnd(temporary);
  try {
    await prepare(target);
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw writeFault(path, error);
  } finally {
    settled();
  }
}

/**
 * Makes the folder that `target` lies in and tidies it. One that is being filled is no other's, and where it is gone it
 * is not made again.
 */
async function prepare(target: string): Promise<void> {
  const filled = [...unfinished].find((folder) => target.startsWith(folder + sep));
  if (filled !== undefined) await access(filled);
  await mkdir(dirname(target), { recursive: true });
  if (filled === undefined) await sweep(dirname(target));
}

/** What a system says of a place that cannot be written, in words. */
const faults: Readonly<Record<string, string>> = {
  EACCES: "permission is denied",
  EBUSY: "it is in use, or a disk of its own",
  EDQUOT: "the disk quota is used up",
  EEXIST: "a file of this name is there",
  EFBIG: "it is larger than a file may be here",
  EINVAL: "the file system does not take this name",
  EIO: "the disk does not answer",
  EISDIR: "a folder of this name is there",
  ELOOP: "its links go round in a circle",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ENFILE: "too many files are open",
  ENOENT: "its folder is gone",
  ENOSPC: "no space is left on the disk",
  ENOTDIR: "a part of the path is a file",
  ENOTEMPTY: "a folder of this name is there and holds files",
  ENXIO: "it is no file",
  EPERM: "permission is denied",
  EROFS: "the file system is read-only",
  ESTALE: "its folder is gone",
  EXDEV: "it is on another disk than its folder",
};

/** A {@link UserError} for what went wrong while `path` was written, if the user can mend it; else the error itself. */
export function writeFault(path: string, error: unknown, what: string = path): unknown {
  const { code, path: at } = (error ?? {}) as NodeJS.ErrnoException;
  const reason = faults[code ?? ""];
  const parent = dirname(resolve(path));
  const elsewhere = at !== undefined && !isWithin(resolve(at), parent) && !isWithin(parent, resolve(at));
  if (reason === undefined || error instanceof UserError || elsewhere) return error; // Of a file that was read.
  return new UserError(`${what} cannot be written: ${reason}`, { cause: error });
}

const isWithin = (path: string, folder: string) =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/** What the system says went wrong with a file, in one line; undefined for an error of another kind. */
export function systemFault(error: Error): UserError | undefined {
  const { errno, syscall, path, code } = error as NodeJS.ErrnoException;
  const isOfFile =
    path !== undefined || ["write", "read", "fsync", "ftruncate", "close"].includes(syscall ?? "");
  if (errno === undefined || code === undefined || !isOfFile) return undefined;
  return new UserError(`${path ?? "a file"}: ${getSystemErrorMessage(errno)} (${syscall})`, { cause: error });
}

/** Throws what {@link writeFault} makes of it. */
export function writing<T>(path: string, work: Promise<T>, what?: string): Promise<T> {
  return work.catch((error) => {
    throw writeFault(path, error, what);
  });
}

/**
 * Throws a {@link UserError} unless a folder can be written at `path`: said before long work whose result goes there.
 * With `replace` a folder that holds files is well, too.
 */
export async function mustBeWritable(
  path: string,
  { replace = false, what = `folder ${path}` } = {},
): Promise<void> {
  const target = resolve(path);
  const check = async () => {
    await mustTake(target, replace, what);
    await tryToWrite(target);
  };
  await writing(path, check(), what);
}

/** None of a folder that is not there. */
async function entriesOf(target: string): Promise<readonly string[]> {
  return readdir(target).catch((error) => {
    if (error.code === "ENOENT") return [];
    throw Object.assign(error, error.code === "ENOTDIR" && { code: "EEXIST" });
  });
}

/** Makes a folder beside `target` and removes it again; what had to be made for it too. */
async function tryToWrite(target: string): Promise<void> {
  const temporary = temporaryName(target);
  const made = await mkdir(temporary, { recursive: true });
  await rm(made ?? temporary, { recursive: true, force: true });
}

const filled = (what: string) =>
  new UserError(`${what} already exists and is not empty; name another or remove it`);

/**
 * Makes a folder whole or not at all: `fill` writes into a temporary folder beside `path`, which then takes
 * its place. An existing folder is replaced only with `replace`, and is there until the new one is; otherwise a
 * {@link UserError} says so. Removes what killed processes left there.
 */
export async function writeFolderWhole(
  path: string,
  fill: (temporary: string) => Promise<void>,
  options: { replace?: boolean } = {},
): Promise<void> {
  const target = resolve(path);
  const temporary = temporaryName(target);
  const settled = removedOnSuddenEnd(temporary);
  const { replace = false } = options;
  try {
    await mustTake(target, replace);
    await prepare(target);
    await mkdir(temporary);
    await fill(temporary);
    await putInPlace(temporary, target, replace);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
    throw ofPlace(path, temporary, writeFault(path, error));
  } finally {
    settled();
  }
}

const unfinished = new Set<string>();

/** Has `path` removed when a signal ends the process at once; the function that is returned ends that. */
function removedOnSuddenEnd(path: string): () => void {
  unfinished.add(path);
  const settled = cleanOnSuddenEnd(() => removeNow(path));
  return () => {
    unfinished.delete(path);
    settled();
  };
}

/** Away from where threads may still write into it, then removed. */
function removeNow(path: string): void {
  let away = path;
  try {
    const other = temporaryName(path);
    renameSync(path, other);
    away = other;
  } catch {
    // Not there, or not to be moved.
  }
  rmSync(away, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}

/** A mistake that names the temporary folder is one of the place that it was for. */
function ofPlace(path: string, temporary: string, error: unknown): unknown {
  if (!(error instanceof UserError) || !error.message.includes(temporary)) return error;
  return new UserError(error.message.replaceAll(temporary, path), { code: error.code, cause: error });
}

/** Throws a {@link UserError} for a file, and without `replace` for a folder that holds anything. */
async function mustTake(target: string, replace: boolean, what = `folder ${target}`): Promise<void> {
  const names = await entriesOf(target);
  if (names.length > 0 && !replace) throw filled(what);
}

async function putInPlace(temporary: string, target: string, replace: boolean): Promise<void> {
  const isThere = await lstat(target).then(
    () => true,
    () => false,
  );
  if (!isThere || !replace) return renameToFree(temporary, target);
  await mustTake(target, replace);
  await replaceFolder(temporary, target);
}

async function renameToFree(temporary: string, target: string): Promise<void> {
  try {
    await rename(temporary, target); // Succeeds over an empty folder, fails over a filled one.
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTEMPTY" || code === "EEXIST") throw filled(`folder ${target}`);
    throw error;
  }
}
