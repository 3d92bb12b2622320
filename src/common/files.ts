import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { UserError } from "./errors.ts";

/** Writes a file whole or not at all: to a temporary name beside it, flushed, then renamed over it. */
export async function writeFileWhole(
  path: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = temporaryName(path);
  const settled = removedOnSignal(temporary);
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, "w");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw writeFault(path, error);
  } finally {
    settled();
  }
}

/** What a system says of a place that cannot be written, in words. */
const faults: Readonly<Record<string, string>> = {
  EACCES: "permission is denied",
  EDQUOT: "the disk quota is used up",
  EEXIST: "a file of this name is there",
  EISDIR: "a folder of this name is there",
  ENAMETOOLONG: "the name is too long",
  ENOSPC: "no space is left on the disk",
  ENOTDIR: "a part of the path is a file",
  EPERM: "permission is denied",
  EROFS: "the file system is read-only",
};

/** A {@link UserError} for what went wrong while `path` was written, if the user can mend it; else the error itself. */
export function writeFault(path: string, error: unknown, what: string = path): unknown {
  const { code, path: at } = (error ?? {}) as NodeJS.ErrnoException;
  const reason = faults[code ?? ""];
  const elsewhere = at !== undefined && !resolve(at).startsWith(dirname(resolve(path))); // Of a file that was read.
  if (reason === undefined || error instanceof UserError || elsewhere) return error;
  return new UserError(`${what} cannot be written: ${reason}`, { cause: error });
}

/**
 * Makes a folder whole or not at all: `fill` writes into a temporary folder beside `path`, which then takes
 * its place. An existing folder is replaced only with `replace`; otherwise a {@link UserError} says so.
 */
export async function writeFolderWhole(
  path: string,
  fill: (temporary: string) => Promise<void>,
  options: { replace?: boolean } = {},
): Promise<void> {
  const target = resolve(path);
  const temporary = temporaryName(target);
  const settled = removedOnSignal(temporary);
  try {
    await mkdir(temporary, { recursive: true });
    await fill(temporary);
    await putInPlace(temporary, target, options.replace ?? false);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw writeFault(path, error);
  } finally {
    settled();
  }
}

const unfinished = new Set<string>();
const signals = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Has `path` removed when Ctrl-C or a request to end stops the process; the function that is returned ends that. Where a
 * command has a handler of its own, which stops in good order, that one alone decides.
 */
function removedOnSignal(path: string): () => void {
  if (unfinished.size === 0) for (const signal of names) process.on(signal, onSignal);
  unfinished.add(path);
  return () => {
    unfinished.delete(path);
    if (unfinished.size === 0) for (const signal of names) process.off(signal, onSignal);
  };
}

const names = Object.keys(signals) as (keyof typeof signals)[];

function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  for (const path of unfinished)
    rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  process.exit(signals[signal as keyof typeof signals]);
}

async function putInPlace(temporary: string, target: string, replace: boolean): Promise<void> {
  if (!replace) return renameToFree(temporary, target);
  const old = temporaryName(target);
  const had = await rename(target, old).then(
    () => true,
    () => false,
  );
  await rename(temporary, target);
  if (had) await rm(old, { recursive: true, force: true });
}

async function renameToFree(temporary: string, target: string): Promise<void> {
  try {
    await rename(temporary, target); // Succeeds over an empty folder, fails over a filled one.
  } catch (cause) {
    throw new UserError(`folder ${target} already exists and is not empty; name another or remove it`, {
      cause,
    });
  }
}

function temporaryName(path: string): string {
  return join(dirname(path), `.${path.split("/").at(-1)}.${randomBytes(6).toString("hex")}.tmp`);
}
