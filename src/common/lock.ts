/** One writer for a folder at a time. */
import { randomBytes } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { UserError } from "./errors.ts";

/** Holds a folder for this process; a second process gets a `UserError`. */
export interface Lock {
  release(): Promise<void>;
}

/** Who holds a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as its system says it; null where that is not known. Tells two of one number apart. */
  readonly started: string | null;
}

/**
 * Takes the lock of a folder, its file `lock`. That of a process which is gone from this machine is taken over; one on
 * another machine cannot be asked, so its lock holds. `what` names the folder in the message.
 */
export async function lockFolder(folder: string, what = "run folder"): Promise<Lock> {
  const path = join(folder, "lock");
  const own = JSON.stringify({ pid: process.pid, host: hostname(), started: await startOf(process.pid) });
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await place(path, own)) return { release: () => release(path, own) };
    const found = await readFile(path, "utf8").catch(() => undefined);
    if (found === undefined) continue; // Released between the two.
    if (await isHeld(found)) throw inUse(what, folder, holderOf(found));
    await clear(path, found);
  }
  throw inUse(what, folder, undefined);
}

/** Puts the lock there whole, unless there is one: nobody ever reads half of it. */
async function place(path: string, own: string): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
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

/** Takes a dead lock away; one that somebody put there in the meantime goes back. */
async function clear(path: string, dead: string): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const moved = await rename(path, aside).then(
    () => true,
    () => false, // Somebody else was first.
  );
  if (!moved) return;
  if ((await readFile(aside, "utf8")) !== dead) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

async function release(path: string, own: string): Promise<void> {
  if ((await readFile(path, "utf8").catch(() => "")) === own) await rm(path, { force: true });
}

/** Undefined for a file that is no lock: `PID HOST`, as locks once were, is one. */
function holderOf(text: string): Holder | undefined {
  const [, pid, host] = /^(\d+) (\S+)$/.exec(text) ?? [];
  if (pid !== undefined) return { pid: Number(pid), host, started: null };
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null;
    if (typeof holder?.pid !== "number" || typeof holder.host !== "string") return undefined;
    return { pid: holder.pid, host: holder.host, started: holder.started ?? null };
  } catch {
    return undefined;
  }
}

async function isHeld(text: string): Promise<boolean> {
  const holder = holderOf(text);
  if (holder === undefined) return false;
  if (holder.host !== hostname()) return true;
  if (!isAlive(holder.pid)) return false;
  const started = await startOf(holder.pid);
  return holder.started === null || started === null || holder.started === started;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** When a process began: on Linux the boot that it belongs to, and its clock ticks since then (proc(5), field 22). */
async function startOf(pid: number): Promise<string | null> {
  try {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const afterName = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // From field 3 on.
    return `${boot.trim()} ${afterName[19]}`;
  } catch {
    return null;
  }
}

function inUse(what: string, folder: string, holder: Holder | undefined): UserError {
  const who = holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`;
  return new UserError(
    `${what} ${folder}: ${who} is writing to it; wait for it, or remove its file lock if that process is gone`,
  );
}
