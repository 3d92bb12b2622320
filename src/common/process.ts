/** Which process holds or writes something, and whether it still runs. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

export interface ProcessId {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as its system says it; null where that is not known. Tells two of one number apart. */
  readonly started: string | null;
}

export function thisProcess(): ProcessId {
  return { pid: process.pid, host: hostname(), started: startOf(process.pid) };
}

/** Undefined for a process of another machine, which cannot be asked. */
export function isRunning({ pid, host, started }: ProcessId): boolean | undefined {
  if (host !== hostname()) return undefined;
  if (!isAlive(pid)) return false;
  const now = startOf(pid);
  return started === null || now === null || started === now;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** When a process began: on Linux the boot that it belongs to, and its clock ticks since then (proc(5), field 22). */
export function startOf(pid: number): string | null {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const afterName = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // From field 3 on.
    return `${boot.trim()} ${afterName[19]}`;
  } catch {
    return null;
  }
}
