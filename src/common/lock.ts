/** One writer for a folder at a time. */
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { link, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "./errors.ts";
import { readIfThere } from "./inside.ts";
import { isRunning, type ProcessId, thisProcess } from "./process.ts";
import { cleanOnSuddenEnd } from "./signals.ts";
import { sweep, temporaryName } from "./temporary.ts";

/** Holds a folder for this process; a second process gets a `UserError`. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a folder, its file `lock`; throws a `UserError` where something else has that name. The lock of a
 * process which is gone from this machine is taken over; one on another machine cannot be asked, so its lock holds. `what`
 * names the folder in the message. Once the lock is taken, what killed processes left half written in the folder goes.
 */
export async function lockFolder(folder: string, what = "run folder"): Promise<Lock> {
  const path = join(folder, "lock");
  const own = JSON.stringify(thisProcess());
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await place(path, own)) return held(folder, path, own);
    const found = await readIfThere(path, LONGEST);
    if (found === undefined) continue; // Released between the two.
    if (isHeld(found)) throw inUse(what, folder, holderOf(found));
    await clear(path, found);
  }
  throw inUse(what, folder, undefined);
}

/** Whether a process holds a folder, as far as one can tell from here: one on another machine counts as running. */
export async function isLocked(folder: string): Promise<boolean> {
  const found = await readIfThere(join(folder, "lock"), LONGEST).catch(() => undefined);
  return found !== undefined && isHeld(found);
}

async function held(folder: string, path: string, own: string): Promise<Lock> {
  const settled = cleanOnSuddenEnd(() => {
    if (readFileSync(path, "utf8") === own) rmSync(path);
  });
  await sweep(folder, { isHeld: true });
  return {
    async release() {
      settled();
      await release(path, own);
    },
  };
}

/** Puts the lock there whole, unless there is one: nobody ever reads half of it. */
async function place(path: string, own: string): Promise<boolean> {
  const temporary = temporaryName(path);
  try {
    await writeFile(temporary, own);
    await link(temporary, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"].includes(code ?? "")) return placeUnlinked(path, own);
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** For file systems without hard links. */
async function placeUnlinked(path: string, own: string): Promise<boolean> {
  return writeFile(path, own, { flag: "wx" }).then(
    () => true,
    (error) => {
      if (error.code === "EEXIST") return false;
      throw error;
    },
  );
}

/** Bytes of a lock at most; what is longer is none, and stays. */
const LONGEST = 10_000;

/**
 * Takes a dead lock away. Of those that found it only one may at a time, and only while it is that very lock: so nobody's new
 * lock is ever moved.
 */
async function clear(path: string, dead: string): Promise<void> {
  const claim = `${path}.${createHash("sha256").update(dead).digest("hex").slice(0, 16)}`;
  if (!(await place(claim, JSON.stringify(thisProcess())))) {
    const other = await readIfThere(claim, LONGEST);
    if (other !== undefined && !isHeld(other)) await rm(claim, { force: true });
    return;
  }
  try {
    if ((await readIfThere(path, LONGEST)) === dead) await rm(path, { force: true });
  } finally {
    await rm(claim, { force: true });
  }
}

async function release(path: string, own: string): Promise<void> {
  if ((await readIfThere(path, LONGEST).catch(() => "")) === own) await rm(path, { force: true });
}

/** Undefined for a file that is no lock: `PID HOST`, as locks once were, is one. */
function holderOf(text: string): ProcessId | undefined {
  const [, pid, host] = /^(\d+) (\S+)$/.exec(text) ?? [];
  if (pid !== undefined) return { pid: Number(pid), host, started: null };
  try {
    const holder = JSON.parse(text) as Partial<ProcessId> | null;
    if (typeof holder?.pid !== "number" || typeof holder.host !== "string") return undefined;
    return { pid: holder.pid, host: holder.host, started: holder.started ?? null };
  } catch {
    return undefined;
  }
}

/** One on another machine cannot be asked. */
function isHeld(text: string): boolean {
  const holder = holderOf(text);
  return holder !== undefined && (isRunning(holder) ?? true);
}

function inUse(what: string, folder: string, holder: ProcessId | undefined): UserError {
  const who = holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`;
  return new UserError(
    `${what} ${folder}: ${who} is writing to it; wait for it, or remove its file lock if that process is gone`,
  );
}
