/** Names of files and folders that are being written, and the end of those that a killed process left. */
import { createHash, randomBytes } from "node:crypto";
import { readlinkSync } from "node:fs";
import { lstat, readdir, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { isAlive, startOf } from "./process.ts";

/** `tmp` is not finished; `old` is a folder that holds what stood at a place while something else takes it. */
export type TemporaryKind = "tmp" | "old";

/**
 * A free name beside `path`: `.NAME.PLACE-PID-START-RANDOM.tmp`. It says which process writes it, so that others know
 * when it is nobody's any more.
 */
export function temporaryName(path: string, kind: TemporaryKind = "tmp"): string {
  const { place, pid, start } = writer();
  const random = randomBytes(6).toString("hex");
  return join(dirname(path), `.${cut(basename(path))}.${place}-${pid}-${start}-${random}.${kind}`);
}

/** Bytes of a name that leave room for the rest within 255. */
const most = 160;

function cut(name: string): string {
  const bytes = Buffer.from(name);
  return bytes.length <= most ? name : bytes.subarray(0, most).toString("utf8").replaceAll("\ufffd", "");
}

const form = /^\..*\.([0-9a-f]{8})-(\d+)-([0-9a-f]{8})-[0-9a-f]{12}\.(tmp|old)$/s;

/** As names were before they said who writes. */
const olderForm = /^\..+\.[0-9a-f]{12}\.tmp$|^lock\.[0-9a-f]{12}\.tmp$/s;

/** A machine, and where its processes have numbers of their own (a container) that too. */
function placeHere(): string {
  return short(`${hostname()} ${namespace()}`);
}

function namespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

const short = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 8);

const startName = (pid: number) => short(startOf(pid) ?? "unknown");

let known: { readonly place: string; readonly pid: number; readonly start: string } | undefined;

function writer() {
  known ??= { place: placeHere(), pid: process.pid, start: startName(process.pid) };
  return known;
}

/** After so many milliseconds without a change, what another machine's process left is nobody's: a day. */
const longest = 24 * 60 * 60 * 1000;

/**
 * Removes what killed processes left half written in a folder, and puts back what one had moved aside without anything
 * in its place. What a living process writes stays; of another machine's (a shared disk) it is known only that it
 * changes within a day, unless `isHeld`: this process holds the folder's lock. Never throws.
 */
export async function sweep(folder: string, { isHeld = false } = {}): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  for (const name of names.filter((name) => form.test(name) || olderForm.test(name))) {
    const path = join(folder, name);
    if (!(await isLeft(path, isHeld))) continue;
    if (name.endsWith(".old")) await putBack(path);
    await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

async function isLeft(path: string, isHeld: boolean): Promise<boolean> {
  const [, place, pid, start] = form.exec(basename(path)) ?? [];
  if (place === writer().place) return !isAlive(Number(pid)) || startName(Number(pid)) !== start;
  return isHeld || Date.now() - (await lastChange(path)) > longest;
}

/** Milliseconds since 1970, of a folder and everything in it. */
async function lastChange(path: string): Promise<number> {
  const facts = await lstat(path).catch(() => undefined);
  if (facts === undefined) return Date.now(); // Gone by itself.
  if (!facts.isDirectory()) return facts.mtimeMs;
  const inside = await readdir(path).catch((): string[] => []);
  let last = facts.mtimeMs;
  for (const name of inside) last = Math.max(last, await lastChange(join(path, name)));
  return last;
}

/** What stood at a place, unless something stands there again; see `replaceFolder`. */
async function putBack(aside: string): Promise<void> {
  for (const name of await readdir(aside).catch((): string[] => [])) {
    const place = join(dirname(aside), name);
    const isFree = (await lstat(place).catch(() => undefined)) === undefined;
    if (isFree) await rename(join(aside, name), place).catch(() => {});
  }
}
