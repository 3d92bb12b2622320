/**
 * A published model into the cache that Python's huggingface_hub uses too (cache.ts).
 *
 *     pullModel({name, revision}, options)   -> {folder, commit, files, bytes}
 */
import { access, copyFile, mkdir, statfs, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { type ListFileEntry, listFiles, modelInfo } from "@huggingface/hub";
import PQueue from "p-queue";
import { UserError } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import { type ModelRef, repoFolder } from "./cache.ts";
import { type Blob, downloadBlob } from "./download.ts";
import { type Hub, hubFetch, hubFromEnvironment } from "./hub-fetch.ts";
import { isLicence } from "./rewrite.ts";

export interface PullOptions {
  readonly hub?: Hub;
  /** Every file of the repository, not only what a model is opened from. Default false. */
  readonly all?: boolean;
  /** Called as bytes come, and once at the start; `done` counts what was there already. */
  readonly onProgress?: (done: number, total: number) => void;
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
 * leaves no half model behind, and the next one goes on from where it was. Throws a UserError.
 */
export async function pullModel(ref: ModelRef, options: PullOptions = {}): Promise<PulledModel> {
  const { hub = hubFromEnvironment(), all = false } = options;
  const fetch = hubFetch(hub, ref.name);
  const commit = await commitOf(ref, hub, fetch);
  const blobs = await listBlobs(ref.name, commit, { hub, fetch, all });
  const folder = repoFolder(ref.name);
  await checkSpace(folder, blobs);
  const bytes = await downloadAll(ref.name, commit, blobs, { hub, fetch, onProgress: options.onProgress });
  const snapshot = join(folder, "snapshots", commit);
  for (const { path, hash } of blobs) await link(join(folder, "blobs", hash), join(snapshot, path));
  if (ref.revision !== commit) await writeFileWhole(join(folder, "refs", ref.revision), commit);
  return { folder: snapshot, commit, files: blobs.map(({ path }) => path), bytes };
}

interface Asking {
  readonly hub: Hub;
  readonly fetch: typeof fetch;
}

async function commitOf({ name, revision }: ModelRef, { endpoint }: Hub, fetch: Asking["fetch"]) {
  const { sha } = await modelInfo({ name, revision, hubUrl: endpoint, fetch, additionalFields: ["sha"] });
  if (/^[0-9a-f]{40}$/.test(sha)) return sha;
  throw new UserError(`pull: ${endpoint} must answer with a commit for ${name}, got ${JSON.stringify(sha)}`);
}

async function listBlobs(
  name: string,
  commit: string,
  { hub, fetch, all }: Asking & { readonly all: boolean },
): Promise<Blob[]> {
  const repo = { type: "model", name } as const;
  const entries: ListFileEntry[] = [];
  const listing = listFiles({ repo, revision: commit, recursive: all, hubUrl: hub.endpoint, fetch });
  for await (const entry of listing) entries.push(entry);
  const files = entries.filter(({ type, path }) => type === "file" && (all || isNeeded(path)));
  if (!all && !files.some(({ path }) => path.endsWith(".safetensors")))
    throw new UserError(`pull: ${name} has no .safetensors weights; --all fetches what it has`);
  return files.map((entry) => blobOf(name, entry));
}

/**
 * Settings, tokenizer and safetensors weights beside config.json, once: no pickles, no other runtimes' files. The card and
 * the licence come along: what is made of the model has to say whose it is.
 */
function isNeeded(path: string): boolean {
  if (path === "README.md" || (!path.includes("/") && isLicence(path))) return true;
  return /^[^/]+\.(json|safetensors|txt|jinja|model)$/.test(path) && !path.startsWith("consolidated");
}

/** Paths and hashes become file names: they must not lead out of the cache. */
function blobOf(name: string, { path, size, oid, lfs }: ListFileEntry): Blob {
  const outside = path.startsWith("/") || /[\\:\0]/.test(path) || path.split("/").includes("..");
  const [hash, algorithm] = lfs === undefined ? [oid, "git-sha1" as const] : [lfs.oid, "sha256" as const];
  if (outside || hash === undefined || !(lfs ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/).test(hash))
    throw new UserError(`pull: ${name} lists a file that cannot be stored: ${JSON.stringify(path)}`);
  return { path, size: lfs?.size ?? size, hash, algorithm };
}

async function checkSpace(folder: string, blobs: readonly Blob[]): Promise<void> {
  await mkdir(join(folder, "blobs"), { recursive: true });
  const missing = await Promise.all(
    blobs.map(({ hash, size }) =>
      access(join(folder, "blobs", hash)).then(
        () => 0,
        () => size,
      ),
    ),
  );
  const needed = missing.reduce((sum, size) => sum + size, 0);
  const { bavail, bsize } = await statfs(folder);
  if (needed > bavail * bsize) {
    const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
    const free = gigabytes(bavail * bsize);
    throw new UserError(`pull: ${gigabytes(needed)} are missing, and ${folder} has ${free} left`);
  }
}

/** Up to four at once: many small files, or several shards. The first failure stops all. */
async function downloadAll(
  name: string,
  commit: string,
  blobs: readonly Blob[],
  { hub, fetch, onProgress }: Asking & Pick<PullOptions, "onProgress">,
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
  const queue = new PQueue({ concurrency: 4 });
  const jobs = [...byHash.values()].map((blob) => {
    const path = blob.path.split("/").map(encodeURIComponent).join("/");
    const url = `${hub.endpoint}/${name}/resolve/${commit}/${path}`;
    const target = join(repoFolder(name), "blobs", blob.hash);
    return queue.add(() => downloadBlob(url, blob, target, { hub, fetch, signal: stop.signal, onBytes }));
  });
  try {
    await Promise.all(jobs);
  } catch (error) {
    stop.abort();
    queue.clear();
    await queue.onIdle();
    throw error;
  }
  return total;
}

/** Relative, so that the cache can be moved; a copy where the file system has no links. */
async function link(blob: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await symlink(relative(dirname(path), blob), path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === "EEXIST") return;
    await copyFile(blob, path);
  });
}
