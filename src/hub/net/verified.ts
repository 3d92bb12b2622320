/**
 * Which contents of a model in the cache were read and found to have their hash, in `.fovea-verified.json` beside the
 * blobs: with size, times and inode, so that what has not changed since is not read again.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeFileWhole } from "../../common/files.ts";
import { readRegular } from "../../common/inside.ts";

const factsSchema = z.strictObject({
  size: z.string(),
  changed: z.string(),
  touched: z.string(),
  inode: z.string(),
  /** It was read and did not have its hash: it is read again, whatever else is the same. */
  bad: z.boolean().optional(),
});
const recordSchema = z.object({
  version: z.literal(1),
  /** By their hashes; copies of them by their places. */
  blobs: z.record(z.string(), factsSchema),
  /** Of the commits that were fetched here: path of each file -> hash. */
  commits: z.record(z.string(), z.record(z.string(), z.string())),
});

/** What tells a file that was changed: its size, the times of its bytes and of its entry in nanoseconds, its inode. */
type Facts = z.infer<typeof factsSchema>;

/** How a blob was found: as its hash says, not there, or with other bytes. */
export type BlobState = "good" | "missing" | { readonly found: string };

export interface Verified {
  /** The listing of a commit as it was fetched; undefined where another program fetched it. */
  readonly listing: (commit: string) => Readonly<Record<string, string>> | undefined;
  /** Whether a blob was ever verified here. */
  readonly knows: (hash: string) => boolean;
  /**
   * Reads a blob unless it is as it was when it was verified; `again` reads it in any case. `copy` names a file that stands
   * for it, COMMIT/PATH, where a snapshot has no link.
   */
  check(hash: string, options?: { readonly again?: boolean; readonly copy?: string }): Promise<BlobState>;
  /** Takes a blob for verified: whoever calls has just read it whole. */
  add(hash: string): Promise<void>;
  setListing(commit: string, files: Readonly<Record<string, string>>): void;
  /** Writes the record where anything of it changed. */
  save(): Promise<void>;
}

/** The record of a model's folder in the cache; one that is damaged is none. */
export async function openVerified(repo: string): Promise<Verified> {
  const path = join(repo, ".fovea-verified.json");
  const { blobs, commits } = await readRecord(path);
  const [known, listings] = [new Map(Object.entries(blobs)), new Map(Object.entries(commits))];
  const blobPath = (hash: string) => join(repo, "blobs", hash);
  let changed = false;
  const set = (hash: string, facts: Facts | undefined) => {
    if (facts === undefined || isSame(known.get(hash), facts)) return;
    known.set(hash, facts);
    changed = true;
  };
  return {
    listing: (commit) => listings.get(commit),
    knows: (hash) => known.has(hash),
    async check(hash, { again = false, copy } = {}) {
      const key = copy === undefined ? hash : `snapshots/${copy}`;
      const path = copy === undefined ? blobPath(hash) : join(repo, key);
      const facts = await factsOf(path);
      if (facts === undefined) return "missing";
      if (!again && isSame(known.get(key), facts)) return "good";
      const found = await hashOf(path, hash.length === 64 ? "sha256" : "git-sha1", facts.size);
      set(key, found === hash ? facts : { ...facts, bad: true });
      return found === hash ? "good" : { found };
    },
    async add(hash) {
      set(hash, await factsOf(blobPath(hash)));
    },
    setListing(commit, files) {
      listings.set(commit, files);
      changed = true;
    },
    async save() {
      if (!changed) return;
      const record = { version: 1, blobs: Object.fromEntries(known), commits: Object.fromEntries(listings) };
      await writeFileWhole(path, `${JSON.stringify(record, null, 1)}\n`);
      changed = false;
    },
  };
}

async function readRecord(path: string): Promise<Omit<z.infer<typeof recordSchema>, "version">> {
  try {
    return recordSchema.parse(JSON.parse((await readRegular(path)).toString("utf8")));
  } catch {
    return { blobs: {}, commits: {} };
  }
}

/** Of a regular file, or the one that a link leads to: its bytes are what counts. Undefined for anything else. */
async function factsOf(path: string): Promise<Facts | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  const { size, mtimeNs, ctimeNs, ino } = found;
  return { size: `${size}`, changed: `${mtimeNs}`, touched: `${ctimeNs}`, inode: `${ino}` };
}

function isSame(a: Facts | undefined, b: Facts): boolean {
  const names = ["size", "changed", "touched", "inode"] as const;
  return a !== undefined && !a.bad && !b.bad && names.every((name) => a[name] === b[name]);
}

/** SHA-256 of a file's bytes, or SHA-1 as git hashes a blob of that many bytes. */
export async function hashOf(
  path: string,
  algorithm: "sha256" | "git-sha1",
  size: number | string,
): Promise<string> {
  const hash = createHash(algorithm === "sha256" ? "sha256" : "sha1");
  if (algorithm === "git-sha1") hash.update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest("hex");
}
