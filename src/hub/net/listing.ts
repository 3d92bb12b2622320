/** What a hub lists of a repository, before anything of it becomes a file name. */
import { z } from "zod";
import { UserError } from "../../common/errors.ts";
import type { Blob } from "./download.ts";

const size = z.int().min(0);
const fileSchema = z.object({
  path: z.string(),
  size,
  oid: z.string().nullish(),
  lfs: z.object({ oid: z.string(), size }).nullish(),
});

/**
 * The files of a listing that are wanted. Throws a `UserError` where one is of another form than the hub's, or where paths or
 * hashes, which become file names, would lead out of the cache or into each other.
 */
export function blobsOf(
  name: string,
  listing: readonly unknown[],
  isWanted: (path: string) => boolean,
): Blob[] {
  const blobs = listing
    .filter((entry) => (entry as { type?: unknown } | null)?.type === "file")
    .map((entry) => blobOf(name, entry))
    .filter(({ path }) => isWanted(path));
  const byPath = new Map(blobs.map((blob) => [blob.path, blob]));
  for (const { path, hash } of blobs) {
    if (byPath.get(path)?.hash !== hash) throw listingError(name, path, "it is listed twice");
    const above = path.split("/").slice(0, -1);
    const file = above.map((_, i) => above.slice(0, i + 1).join("/")).find((one) => byPath.has(one));
    if (file !== undefined) throw listingError(name, path, `${file} is a file`);
  }
  return [...byPath.values()];
}

function blobOf(name: string, entry: unknown): Blob {
  const parsed = fileSchema.safeParse(entry);
  if (!parsed.success) {
    const { path } = entry as { path?: unknown };
    throw listingError(name, String(path), z.prettifyError(parsed.error).replaceAll(/\s+/g, " "));
  }
  const { path, size, oid, lfs } = parsed.data;
  if (!isSafe(path)) throw listingError(name, path, "its name leads out of the cache, or is none");
  const [hash, algorithm, form] = lfs
    ? [lfs.oid, "sha256" as const, /^[0-9a-f]{64}$/]
    : [oid ?? "", "git-sha1" as const, /^[0-9a-f]{40}$/];
  if (!form.test(hash))
    throw listingError(name, path, `it has no hash, got ${JSON.stringify(hash).slice(0, 80)}`);
  return { path, size: lfs?.size ?? size, hash, algorithm };
}

/** A way of plain names, each short enough for any file system. */
function isSafe(path: string): boolean {
  const isName = (part: string) => !["", ".", ".."].includes(part) && Buffer.byteLength(part) <= 200;
  return path.length <= 1000 && path.split("/").every(isName) && !/[\\:\p{Cc}]/u.test(path);
}

function listingError(name: string, path: string, why: string): UserError {
  const shown = JSON.stringify(path.length > 100 ? `${path.slice(0, 100)}...` : path);
  return new UserError(`pull: ${name} lists a file that cannot be stored: ${shown}: ${why}`);
}
