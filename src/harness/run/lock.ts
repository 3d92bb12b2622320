import { readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { UserError } from "../../common/errors.ts";

/** Holds a run folder for this process; a second process gets a `UserError`. */
export interface Lock {
  release(): Promise<void>;
}

/** Takes the lock of a folder; the lock of a process that died on this machine is taken over. */
export async function lockFolder(folder: string): Promise<Lock> {
  const path = join(folder, "lock");
  const own = `${process.pid} ${hostname()}`;
  for (let attempt = 0; attempt < 2; attempt++) {
    const taken = await writeFile(path, own, { flag: "wx" }).then(
      () => true,
      (error) => {
        if (error.code === "EEXIST") return false;
        throw error;
      },
    );
    if (taken) return { release: () => rm(path, { force: true }) };
    const holder = await readFile(path, "utf8").catch(() => "");
    if (isAlive(holder)) throw inUse(folder, holder);
    await rm(path, { force: true });
  }
  throw inUse(folder, "");
}

/** Whether the process that a lock names may still run; one on another machine cannot be asked. */
function isAlive(holder: string): boolean {
  const [pid, host] = holder.split(" ");
  if (holder === "" || host !== hostname()) return holder !== "";
  if (Number(pid) === process.pid) return true;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function inUse(folder: string, holder: string): UserError {
  const [pid = "?", host = "?"] = holder.split(" ");
  return new UserError(
    `run folder ${folder}: process ${pid} on ${host} is writing to it; wait for it, or remove its file lock if that ` +
      "process is gone",
  );
}
