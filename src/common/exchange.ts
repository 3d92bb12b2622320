/** Two folders that change places in one step, so that a path is never without one. */
import { execFile } from "node:child_process";
import { lstatSync, mkdirSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { temporaryName } from "./temporary.ts";

/**
 * Puts the folder `next` in the place of the folder `target`, which is there, and removes what was there. Where the
 * system can exchange two paths (Linux, macOS), `target` is one of the two at every moment. Node has no call for it, so a
 * program of the system makes it. Elsewhere `target` is moved aside first; `sweep` puts it back after a kill in between.
 */
export async function replaceFolder(next: string, target: string): Promise<void> {
  if (await exchange(next, target)) return rm(next, { recursive: true, force: true });
  const aside = temporaryName(target, "old");
  moveInto(aside, next, target);
  await rm(aside, { recursive: true, force: true });
}

/** Nothing else of this process comes in between. */
function moveInto(aside: string, next: string, target: string): void {
  mkdirSync(aside);
  const kept = join(aside, basename(target));
  renameSync(target, kept);
  try {
    renameSync(next, target);
  } catch (error) {
    renameSync(kept, target);
    throw error;
  }
}

interface Way {
  readonly command: string;
  readonly args: (a: string, b: string) => readonly string[];
}

/** `renameat2` with RENAME_EXCHANGE by the architecture of Linux; `renameatx_np` with RENAME_SWAP of macOS. */
const calls: Readonly<Record<string, readonly [number: number, currentFolder: number]>> = {
  "linux x64": [316, -100],
  "linux arm64": [276, -100],
  "linux riscv64": [276, -100],
  "linux loong64": [276, -100],
  "linux arm": [382, -100],
  "linux ppc64": [357, -100],
  "linux s390x": [347, -100],
  "darwin x64": [488, -2],
  "darwin arm64": [488, -2],
};

/** Of coreutils 9.5 and newer, of util-linux 2.40 and newer, and by Perl, which most systems have. */
function ways(): Way[] {
  const call = calls[`${process.platform} ${process.arch}`];
  if (call === undefined) return [];
  const [number, here] = call;
  const script = `exit(syscall(${number}, ${here}, $ARGV[0], ${here}, $ARGV[1], 2) == 0 ? 0 : 1)`;
  return [
    { command: "mv", args: (a, b) => ["-T", "--exchange", "--", a, b] },
    { command: "exch", args: (a, b) => ["--", a, b] },
    { command: "perl", args: (a, b) => ["-e", script, a, b] },
  ];
}

/** What this system has, once it is known. */
let found: readonly Way[] | undefined;

/** Whether two paths have changed places. */
export async function exchange(a: string, b: string): Promise<boolean> {
  const before = lstatSync(a, { bigint: true }).ino;
  for (const way of found ?? ways()) {
    await run(way.command, way.args(a, b));
    if (lstatSync(b, { bigint: true, throwIfNoEntry: false })?.ino === before) {
      found = [way];
      return true;
    }
  }
  return false;
}

function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const env = { ...process.env, LC_ALL: "C" };
    try {
      execFile(command, args, { env, timeout: 30_000 }, () => resolve());
    } catch {
      resolve(); // No memory for another process.
    }
  });
}
