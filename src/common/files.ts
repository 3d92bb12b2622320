import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { UserError } from "./errors.ts";

/** Writes a file whole or not at all: to a temporary name beside it, flushed, then renamed over it. */
export async function writeFileWhole(
  path: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = temporaryName(path);
  await mkdir(dirname(path), { recursive: true });
  try {
    const file = await open(temporary, "w");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
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
  await mkdir(temporary, { recursive: true });
  try {
    await fill(temporary);
    await putInPlace(temporary, target, options.replace ?? false);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
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
