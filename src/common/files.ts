/** Files and folders that appear whole or not at all. */
import { renameSync, rmSync } from "node:fs";
import { access, lstat, mkdir, open, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";
import { UserError } from "./errors.ts";
import { replaceFolder } from "./exchange.ts";
import { isWithin, writeFault, writing } from "./faults.ts";
import { shownLine } from "./shown-text.ts";
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
  await makeFolder(dirname(target));
  if (filled === undefined) await sweep(dirname(target));
}

/**
 * Makes a folder and those that it lies in; gives the first that was not there. Not `mkdir` with `recursive`, which never
 * ends where the system says that a folder is missing which is there (`/proc`).
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  const target = resolve(path);
  if (await isFolder(target)) return undefined;
  const parent = dirname(target);
  const first = parent === target ? undefined : await makeFolder(parent).catch(asPartOfPath);
  const made = await mkdir(target).then(
    () => true,
    async (error) => {
      if (error.code === "EEXIST" && (await isFolder(target))) return false; // Somebody else was first.
      throw error;
    },
  );
  return first ?? (made ? target : undefined);
}

/** A file of the name of one that the folder lies in is no file of its own name. */
function asPartOfPath(error: NodeJS.ErrnoException): never {
  throw Object.assign(error, error.code === "EEXIST" && { code: "ENOTDIR" });
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
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
  return readdir(target).catch(async (error) => {
    if (error.code === "ENOENT") return [];
    const isFile = error.code === "ENOTDIR" && (await lstat(target).catch(() => undefined)) !== undefined;
    throw isFile ? Object.assign(error, { code: "EEXIST" }) : error;
  });
}

/** Makes a folder beside `target` and removes it again; what had to be made for it too, unless somebody uses it. */
async function tryToWrite(target: string): Promise<void> {
  const temporary = temporaryName(target);
  const made = await makeFolder(temporary);
  for (let path = temporary; made !== undefined && isWithin(path, made); path = dirname(path))
    await rmdir(path).catch(() => {});
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
  const settled = removedOnSuddenEnd(temporary, path);
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

/** Removes a folder whole: killed in between, no half of it stands at its place. */
export async function removeFolderWhole(path: string): Promise<void> {
  const away = temporaryName(resolve(path));
  const settled = removedOnSuddenEnd(away);
  try {
    await rename(path, away);
    await rm(away, { recursive: true, force: true });
  } finally {
    settled();
  }
}

const unfinished = new Set<string>();

/**
 * Has `path` removed when a signal ends the process at once, and says so of the place that it was for; the function that
 * is returned ends that.
 */
function removedOnSuddenEnd(path: string, place?: string): () => void {
  unfinished.add(path);
  const settled = cleanOnSuddenEnd(() => {
    removeNow(path);
    if (place !== undefined)
      console.error(`fovea: stopped before ${shownLine(place)} was whole; nothing of it was written`);
  });
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
