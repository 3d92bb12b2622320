/**
 * Are the files of a snapshot in the cache what the hub had? Their contents are named by their hashes, so nobody is asked.
 */
import { lstat, readdir, realpath } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { UserError } from "../../common/errors.ts";
import { openVerified, type Verified } from "./verified.ts";

/** A file of a snapshot that is not what its hash says. */
export interface BadFile {
  readonly path: string;
  /** Such as "has other bytes: ...". */
  readonly problem: string;
}

export interface CheckedSnapshot {
  readonly files: number;
  readonly bad: readonly BadFile[];
  /** Files whose names in the cache are no hashes: nothing can be said of them. */
  readonly unknown: readonly string[];
}

/** Where a folder of the form `.../models--OWNER--NAME/snapshots/COMMIT` lies; undefined for any other. */
export function snapshotPlace(folder: string) {
  const [commit, snapshots, repository = ""] = resolve(folder).split(sep).toReversed();
  const [, owner, name] = /^models--(.+?)--(.+)$/.exec(repository) ?? [];
  if (snapshots !== "snapshots" || owner === undefined) return undefined;
  return { repo: dirname(dirname(resolve(folder))), commit, name: `${owner}/${name}` };
}

/** Reads every file of a snapshot and checks it, whatever was known of it before. */
export async function checkSnapshot(folder: string): Promise<CheckedSnapshot> {
  const { repo, commit } = snapshotPlace(folder) as NonNullable<ReturnType<typeof snapshotPlace>>;
  const verified = await openVerified(repo);
  const files = await filesOf(folder, verified.listing(commit));
  if (verified.listing(commit) === undefined) verified.setListing(commit, known(files));
  const [bad, unknown]: [BadFile[], string[]] = [[], []];
  for (const [path, hash] of files) {
    const problem =
      hash === undefined ? "unknown" : await problemOf({ repo, commit, folder, verified }, path, hash);
    if (problem === "unknown") unknown.push(path);
    else if (problem !== undefined) bad.push({ path, problem });
  }
  await verified.save().catch(() => {}); // A cache that cannot be written can be read.
  return { files: files.size, bad, unknown };
}

/** Path -> hash: as it was fetched, or as the links say where another program fetched it. */
async function filesOf(
  folder: string,
  listing: Readonly<Record<string, string>> | undefined,
): Promise<Map<string, string | undefined>> {
  const found = new Map<string, string | undefined>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isDirectory()) found.set(relative(folder, path), await linkedHash(path));
  }
  for (const [path, hash] of Object.entries(listing ?? {})) found.set(path, hash);
  return found;
}

function known(files: ReadonlyMap<string, string | undefined>): Record<string, string> {
  return Object.fromEntries([...files].flatMap(([path, hash]) => (hash === undefined ? [] : [[path, hash]])));
}

async function linkedHash(path: string): Promise<string | undefined> {
  const name = basename(await realpath(path).catch(() => ""));
  return /^(?:[\da-f]{40}|[\da-f]{64})$/.test(name) ? name : undefined;
}

interface Place {
  readonly repo: string;
  readonly commit: string;
  readonly folder: string;
  readonly verified: Verified;
}

async function problemOf(place: Place, path: string, hash: string): Promise<string | undefined> {
  const real = await realpath(join(place.folder, path)).catch(() => undefined);
  return real === undefined ? "is missing" : changeOf(place, path, hash, true);
}

const otherBytes = (hash: string, found: string) => `has other bytes: their hash is ${found}, not ${hash}`;

/**
 * What is wrong with a file that is there: a link that leads elsewhere, or other bytes, of the blob or of a copy of it. A
 * file that is not there is whoever needs it to complain of.
 */
async function changeOf(
  { repo, commit, folder, verified }: Place,
  path: string,
  hash: string,
  again: boolean,
): Promise<string | undefined> {
  const [at, blob] = [join(folder, path), join(repo, "blobs", hash)];
  const facts = await lstat(at).catch(() => undefined);
  if (facts?.isSymbolicLink()) {
    const [real, due] = await Promise.all([at, blob].map((one) => realpath(one).catch(() => undefined)));
    if (real !== due) return `is a link that leads elsewhere${real === undefined ? "" : `: ${real}`}`;
  }
  if (facts !== undefined && !facts.isSymbolicLink() && !facts.isFile()) return "is no file";
  const copy = facts?.isFile() ? { copy: `${commit}/${path}` } : {};
  const state = await verified.check(hash, { again, ...copy });
  return typeof state === "object" ? otherBytes(hash, state.found) : undefined;
}

/**
 * Throws a `UserError` when a file of a snapshot is not what `fovea pull` verified: what has not changed since is not read.
 * Nothing is said of snapshots that another program fetched, and of folders that are none.
 */
export async function mustBeUnchanged(folder: string): Promise<void> {
  const place = snapshotPlace(folder);
  if (place === undefined) return;
  const verified = await openVerified(place.repo);
  const where = { ...place, folder, verified };
  const listing = verified.listing(place.commit) ?? {};
  for (const [path, hash] of Object.entries(listing)) {
    const problem = verified.knows(hash) ? await changeOf(where, path, hash, false) : undefined;
    if (problem === undefined) continue;
    const again = `fetch it again: fovea pull ${place.name}@${place.commit}`;
    throw new UserError(`model ${place.name}: ${path} in the cache ${problem}; ${again}`);
  }
  await verified.save().catch(() => {});
}
