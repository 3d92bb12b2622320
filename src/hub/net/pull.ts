/**
 * A published model into the cache that Python's huggingface_hub uses too (cache.ts).
 *
 *     pullModel({name, revision}, options)   -> {folder, commit, files, bytes}
 */
import { copyFile, lstat, realpath, rename, rm, stat, statfs, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { listFiles, modelInfo } from "@huggingface/hub";
import PQueue from "p-queue";
import { UserError } from "../../common/errors.ts";
import { writeFault } from "../../common/faults.ts";
import { makeFolder, writeFileWhole } from "../../common/files.ts";
import { isWithin } from "../../common/inside.ts";
import { blotter } from "../../common/secrets.ts";
import { temporaryName } from "../../common/temporary.ts";
import { isLicence } from "../weights/rewrite.ts";
import { type ModelRef, repoFolder } from "./cache.ts";
import { type Blob, downloadBlob } from "./download.ts";
import { type Hub, type HubFetch, hubFetch, hubFromEnvironment } from "./hub-fetch.ts";
import { blobsOf } from "./listing.ts";
import { hashOf, openVerified, type Verified } from "./verified.ts";

export interface PullOptions {
  readonly hub?: Hub;
  /** Every file of the repository, not only what a model is opened from. Default false. */
  readonly all?: boolean;
  /** Called as bytes come, and once at the start; `done` counts what was there already. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Something that people should know: a wait, a file that had to be fetched again. */
  readonly onNote?: (note: string) => void;
  /** Breaks off; what has come waits for the next pull. */
  readonly signal?: AbortSignal;
}

export interface PulledModel {
  /** Snapshot in the cache: a model folder. */
  readonly folder: string;
  readonly commit: string;
  readonly files: readonly string[];
  /** Of all contents together; files of the same content share it. */
  readonly bytes: number;
}

/**
 * Fetches what is missing, checks it, and only then links the snapshot and names its commit: an interrupted pull
 * leaves no half model behind, and the next one goes on from where it was. What is there already is read and checked too,
 * unless it is as it was when that was last done. Throws a UserError.
 */
export async function pullModel(ref: ModelRef, options: PullOptions = {}): Promise<PulledModel> {
  const { hub = hubFromEnvironment() } = options;
  try {
    return await pullFrom(hub, ref, options);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const message = blotter(hub.token)(error.message); // A hub can repeat what it was sent.
    throw message === error.message ? error : new UserError(message, { code: error.code });
  }
}

async function pullFrom(hub: Hub, ref: ModelRef, options: PullOptions): Promise<PulledModel> {
  const { all = false } = options;
  const fetch = hubFetch(hub, ref.name, options.onNote);
  const commit = await commitOf(ref, hub, fetch);
  const blobs = await listBlobs(ref.name, commit, { hub, fetch, all });
  const folder = repoFolder(ref.name);
  const snapshot = join(folder, "snapshots", commit);
  try {
    const verified = await openVerified(folder);
    await checkSpace(folder, blobs);
    const bytes = await downloadAll(ref.name, commit, blobs, { hub, fetch, verified, ...options });
    for (const { path, hash } of blobs) await link(join(folder, "blobs", hash), snapshot, path);
    await noteListing(verified, commit, blobs);
    if (ref.revision !== commit) await writeFileWhole(join(folder, "refs", ref.revision), commit);
    return { folder: snapshot, commit, files: blobs.map(({ path }) => path), bytes };
  } catch (error) {
    throw writeFault(folder, error);
  }
}

interface Asking {
  readonly hub: Hub;
  readonly fetch: HubFetch;
}

async function commitOf({ name, revision }: ModelRef, { endpoint }: Hub, { api }: HubFetch): Promise<string> {
  const { sha } = await understood(endpoint, name, () =>
    modelInfo({ name, revision, hubUrl: endpoint, fetch: api, additionalFields: ["sha"] }),
  );
  if (typeof sha === "string" && /^[0-9a-f]{40}$/.test(sha)) return sha;
  throw new UserError(`pull: ${endpoint} must answer with a commit for ${name}, got ${JSON.stringify(sha)}`);
}

/** What the hub's answers become, or a UserError where they are of another form; it holds nothing of them. */
async function understood<T>(endpoint: string, name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `pull: ${endpoint} must speak the Hugging Face hub's API, got another answer for ${name}`,
    );
  }
}

/** More files no model has. */
const mostFiles = 100_000;

async function listBlobs(
  name: string,
  commit: string,
  { hub, fetch, all }: Asking & { readonly all: boolean },
): Promise<Blob[]> {
  const listing = await understood(hub.endpoint, name, async () => {
    const repo = { type: "model", name } as const;
    const asked = { repo, revision: commit, recursive: all, hubUrl: hub.endpoint, fetch: fetch.api };
    const entries: unknown[] = [];
    for await (const entry of listFiles(asked)) {
      if (entries.push(entry) > mostFiles)
        throw new UserError(`pull: ${name} must have at most ${mostFiles} files, its listing has more`);
    }
    return entries;
  });
  const blobs = blobsOf(name, listing, (path) => all || isNeeded(path));
  if (!all && !blobs.some(({ path }) => path.endsWith(".safetensors")))
    throw new UserError(`pull: ${name} has no .safetensors weights; --all fetches what it has`);
  return blobs;
}

/**
 * Settings, tokenizer and safetensors weights beside config.json, once: no pickles, no other runtimes' files. The card and
 * the licence come along: what is made of the model has to say whose it is.
 */
export function isNeeded(path: string): boolean {
  if (path === "README.md" || (!path.includes("/") && isLicence(path))) return true;
  return /^[^/]+\.(json|safetensors|txt|jinja|model)$/.test(path) && !path.startsWith("consolidated");
}

/** What was fetched before is known again also where the listing has fewer files now (`--all` before, not today). */
async function noteListing(verified: Verified, commit: string, blobs: readonly Blob[]): Promise<void> {
  const now = Object.fromEntries(blobs.map(({ path, hash }) => [path, hash]));
  verified.setListing(commit, { ...verified.listing(commit), ...now });
  await verified.save();
}

async function checkSpace(folder: string, blobs: readonly Blob[]): Promise<void> {
  await makeFolder(join(folder, "blobs"));
  const missing = await Promise.all(
    blobs.map(async ({ hash, size }) => {
      const facts = await stat(join(folder, "blobs", hash)).catch(() => undefined);
      return facts?.size === size ? 0 : size;
    }),
  );
  const needed = missing.reduce((sum, size) => sum + size, 0);
  const { bavail, bsize } = await statfs(folder);
  if (needed > bavail * bsize) {
    const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
    const free = gigabytes(bavail * bsize);
    throw new UserError(`pull: ${gigabytes(needed)} are missing, and ${folder} has ${free} left`);
  }
}

interface Downloading extends Asking, Pick<PullOptions, "onProgress" | "onNote" | "signal"> {
  readonly verified: Verified;
}

/** Up to four at once: many small files, or several shards. The first failure stops all. */
async function downloadAll(
  name: string,
  commit: string,
  blobs: readonly Blob[],
  { hub, fetch, verified, onProgress, onNote, signal }: Downloading,
): Promise<number> {
  const byHash = new Map(blobs.map((blob) => [blob.hash, blob]));
  const total = [...byHash.values()].reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const onBytes = (count: number) => {
    done += count;
    onProgress?.(done, total);
  };
  onProgress?.(0, total);
  const stop = new AbortController();
  const signals = signal === undefined ? [stop.signal] : [stop.signal, signal];
  const either = AbortSignal.any(signals);
  const queue = new PQueue({ concurrency: 4 });
  const one = async (blob: Blob) => {
    if (await isThere(blob, name, verified, onNote)) return onBytes(blob.size);
    const path = blob.path.split("/").map(encodeURIComponent).join("/");
    const url = `${hub.endpoint}/${name}/resolve/${commit}/${path}`;
    const target = join(repoFolder(name), "blobs", blob.hash);
    await downloadBlob(url, blob, target, { hub, fetch: fetch.file, signal: either, onBytes });
    await verified.add(blob.hash);
  };
  const jobs = [...byHash.values()].map((blob) => queue.add(() => one(blob)));
  try {
    await Promise.all(jobs);
  } catch (error) {
    stop.abort();
    queue.clear();
    await queue.onIdle();
    throw error;
  } finally {
    await verified.save().catch(() => {}); // What was read need not be read again.
  }
  return total;
}

/** Whether the cache has a file's contents, byte for byte. */
async function isThere(
  { path, hash, size }: Blob,
  name: string,
  verified: Verified,
  onNote: PullOptions["onNote"],
): Promise<boolean> {
  const facts = await stat(join(repoFolder(name), "blobs", hash)).catch(() => undefined);
  const state = facts !== undefined && facts.size !== size ? "missing" : await verified.check(hash);
  if (state === "good") return true;
  if (facts !== undefined) onNote?.(`${path} in the cache is not what the hub has; it is fetched again`);
  return false;
}

/**
 * `snapshot/path` as a link to a blob; relative, so that the cache can be moved; a copy where the file system has no links.
 * What else stands there is replaced.
 */
async function link(blob: string, snapshot: string, path: string): Promise<void> {
  const place = join(snapshot, path);
  await makeFolder(dirname(place));
  const [home, real] = await Promise.all([realpath(snapshot), realpath(dirname(place))]);
  if (home !== real && !isWithin(home, real))
    throw new UserError(
      `pull: ${dirname(place)} in the cache is a link that leads elsewhere: ${real}; remove it`,
    );
  if (await isLinkTo(place, blob)) return;
  const temporary = temporaryName(place);
  try {
    await symlink(relative(dirname(place), blob), temporary).catch(() => copyFile(blob, temporary));
    await rename(temporary, place);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function isLinkTo(place: string, blob: string): Promise<boolean> {
  const facts = await lstat(place).catch(() => undefined);
  if (facts?.isSymbolicLink())
    return (await realpath(place).catch(() => undefined)) === (await realpath(blob));
  if (!facts?.isFile()) return false;
  const { size } = await stat(blob);
  if (facts.size !== size) return false;
  return (await hashOf(place, "sha256", size)) === (await hashOf(blob, "sha256", size));
}
