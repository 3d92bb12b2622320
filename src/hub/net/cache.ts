/**
 * The cache of downloaded models, shared with Python's huggingface_hub: same place, same layout.
 *
 *     models--OWNER--NAME/blobs/HASH                 contents: SHA-256 of LFS files, git's hash of others
 *     models--OWNER--NAME/snapshots/COMMIT/FILE      links to the contents
 *     models--OWNER--NAME/refs/REVISION              the commit of a branch or tag
 *
 * `HF_HUB_CACHE`, `HF_HOME` and `XDG_CACHE_HOME` say where it is, as in Python; else ~/.cache/huggingface/hub.
 */
import { readdir, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { getHFHubCachePath, getRepoFolderName } from "@huggingface/hub";
import { mustBe } from "../../common/errors.ts";
import { readIfThere } from "../../common/inside.ts";
import { mustBeUnchanged, snapshotPlace } from "./snapshot-check.ts";

/** A model on the hub. */
export interface ModelRef {
  /** OWNER/NAME */
  readonly name: string;
  /** Branch, tag or commit. Default "main". */
  readonly revision: string;
}

const refPattern = /^([\w-][\w.-]*\/[\w-][\w.-]*)(?:@([\w-][\w./-]*))?$/;

/** OWNER/NAME or OWNER/NAME@REVISION; undefined for any other text. */
export function parseModelRef(text: string): ModelRef | undefined {
  const [, name, revision = "main"] = refPattern.exec(text) ?? [];
  const unsafe = name === undefined || /\.\.|--/.test(name) || revision.split("/").includes("..");
  return unsafe ? undefined : { name, revision };
}

/** The folder of a model in the cache, whether or not it is there. */
export function repoFolder(name: string): string {
  return join(getHFHubCachePath(), getRepoFolderName({ type: "model", name }));
}

/** The snapshot of a model in the cache, or undefined where there is none. Asks no server. */
export async function cachedSnapshot({ name, revision }: ModelRef): Promise<string | undefined> {
  const folder = repoFolder(name);
  const ref = (await readIfThere(join(folder, "refs", revision), 1000).catch(() => "")) || revision;
  const snapshot = join(folder, "snapshots", ref.trim());
  return (await isFolder(snapshot)) ? snapshot : undefined;
}

/**
 * What a user gave as a model, as a folder: a folder stays as it is, OWNER/NAME[@REVISION] becomes its snapshot
 * in the cache. Other texts stay too: whoever opens them says what is wrong. Throws a UserError for a name of
 * the hub's form that is neither, and for a snapshot whose files were changed since they were fetched.
 */
export async function modelFolder(given: string): Promise<string> {
  const ref = parseModelRef(given);
  if (ref === undefined || (await isFolder(given))) return unchanged(given);
  const found = await cachedSnapshot(ref);
  if (found !== undefined) return unchanged(found);
  const hint = `if it is on the hub, fetch it: fovea pull ${given}`;
  throw mustBe("model", "folder", "a folder, or a model in the Hugging Face cache", given, hint);
}

async function unchanged(folder: string): Promise<string> {
  await mustBeUnchanged(folder);
  return folder;
}

/**
 * The model on the hub that a user's text stands for: OWNER/NAME[@REVISION] that is no folder, or the snapshot of one in
 * a cache, whose revision is its commit. Undefined for any other folder.
 */
export async function modelRefOf(given: string): Promise<ModelRef | undefined> {
  const place = snapshotPlace(given);
  if (place !== undefined) return { name: place.name, revision: place.commit };
  return (await isFolder(given)) ? undefined : parseModelRef(given);
}

/** Every snapshot in the cache, by its folder. */
export async function cachedSnapshots(): Promise<string[]> {
  const cache = getHFHubCachePath();
  const names = await readdir(cache).catch((): string[] => []);
  const found = [];
  for (const name of names.filter((name) => name.startsWith("models--")).sort()) {
    const snapshots = join(cache, name, "snapshots");
    for (const commit of await readdir(snapshots).catch((): string[] => []))
      found.push(join(snapshots, commit));
  }
  return found;
}

/** How people call a model folder: its last name; for a snapshot in the cache, NAME of OWNER/NAME. */
export function modelName(folder: string): string {
  const parts = resolve(folder).split(sep);
  const cached = parts.at(-2) === "snapshots" ? /^models--.*--(.+)$/.exec(parts.at(-3) ?? "") : null;
  return cached?.[1] ?? (parts.at(-1) as string);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
