/** One file of the hub into the cache: goes on where an earlier download broke off, and checks the bytes. */
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import pRetry from "p-retry";
import { UserError } from "../../common/errors.ts";
import { makeFolder } from "../../common/files.ts";
import { isAlive } from "../../common/process.ts";
import { inTime } from "../../common/streams.ts";
import type { Hub } from "./hub-fetch.ts";
import { hashOf } from "./verified.ts";

/** A file's contents as the hub lists them. */
export interface Blob {
  readonly path: string;
  readonly size: number;
  readonly hash: string;
  /** How `hash` is made: LFS files by their bytes, others as git hashes a blob. */
  readonly algorithm: "sha256" | "git-sha1";
}

export interface DownloadOptions {
  readonly hub: Hub;
  readonly fetch: typeof fetch;
  readonly signal?: AbortSignal;
  /** Bytes that came or, below zero, that turned out to be worthless. */
  readonly onBytes?: (count: number) => void;
}

/**
 * Fetches `url` to `target`, in place of what is there: a complete and checked file appears, or none. What came of a
 * broken download waits beside it under a name ending in `.incomplete`. Throws a UserError.
 */
export async function downloadBlob(
  url: string,
  blob: Blob,
  target: string,
  options: DownloadOptions,
): Promise<void> {
  await makeFolder(dirname(target));
  const part = await claimPart(target);
  options.onBytes?.((await sizeOf(part)) ?? 0);
  await receiveAll(url, blob, part, options);
  await rename(part, target);
}

/**
 * The unfinished file for this process alone. Its name holds the process's number: what a process that is gone
 * has left is taken over by renaming it, which only one of several can do.
 */
async function claimPart(target: string): Promise<string> {
  const mine = `${target}.${process.pid}.incomplete`;
  const names = await readdir(dirname(target));
  for (const name of names.filter((name) => name.startsWith(`${basename(target)}.`))) {
    const owner = Number(/\.(\d+)\.incomplete$/.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(owner) || owner === process.pid || isAlive(owner)) continue;
    const taken = await rename(join(dirname(target), name), mine).then(
      () => true,
      () => false,
    );
    if (taken) break;
  }
  return mine;
}

/** Bytes that do not have the hash are fetched once more, from the start. */
async function receiveAll(url: string, blob: Blob, part: string, options: DownloadOptions): Promise<void> {
  for (const last of [false, true]) {
    await receiveWithRetries(url, blob, part, options);
    const found = await hashOf(part, blob.algorithm, blob.size);
    if (found === blob.hash) return;
    await rm(part);
    options.onBytes?.(-blob.size);
    if (last) throw new UserError(`pull: ${blob.path} must have hash ${blob.hash}, got ${found}`);
  }
}

/**
 * Bytes a second, on average over the hub's patience, below which a connection counts as broken, and what it brought as
 * nothing: one byte now and then would keep it for ever.
 */
const slowest = 1000;

/** Tries again as long as bytes come; attempts without any are counted. */
async function receiveWithRetries(
  url: string,
  blob: Blob,
  part: string,
  options: DownloadOptions,
): Promise<void> {
  const { hub, signal } = options;
  const received = async () => (await sizeOf(part)) ?? 0;
  let before = 0;
  const attempt = async () => {
    before = await received();
    await receiveRest(url, blob, part, options);
  };
  try {
    await pRetry(attempt, {
      retries: hub.retries,
      minTimeout: hub.firstWait,
      maxTimeout: 60 * hub.firstWait,
      shouldRetry: ({ error }) => !(error instanceof UserError),
      shouldConsumeRetry: async () => (await received()) - before <= slowest * hub.patience,
      ...(signal && { signal }),
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { message } = error as Error;
    const text = `pull: ${blob.path} broke off (${message}); the same command goes on from there`;
    throw new UserError(text, { cause: error });
  }
}

/** One request for the bytes that are missing. */
async function receiveRest(url: string, blob: Blob, part: string, options: DownloadOptions): Promise<void> {
  const had = await usableSize(blob, part, options);
  if (had === blob.size && had > 0) return;
  const headers = { "accept-encoding": "identity", ...(had > 0 && { range: `bytes=${had}-` }) };
  const response = await options.fetch(url, { headers, signal: options.signal ?? null });
  const start = response.status === 206 ? had : 0;
  if (response.status === 416 || (response.status === 206 && !continuesAt(response, start, blob.size))) {
    await response.body?.cancel();
    await rm(part, { force: true });
    options.onBytes?.(-had);
    throw new Error("the server sent another part of the file");
  }
  if (start < had) options.onBytes?.(-had); // The server cannot send a part: all of it comes.
  await writeBody(response, blob, part, start, options);
}

async function usableSize(blob: Blob, part: string, { onBytes }: DownloadOptions): Promise<number> {
  const had = (await sizeOf(part)) ?? 0;
  if (had <= blob.size) return had;
  await rm(part);
  onBytes?.(-had);
  return 0;
}

/** Whether an answer is the rest of this file: not of one that has another size by now. */
function continuesAt(response: Response, start: number, size: number): boolean {
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
  return range !== null && Number(range[1]) === start && (range[2] === "*" || Number(range[2]) === size);
}

async function writeBody(
  response: Response,
  blob: Blob,
  part: string,
  start: number,
  { hub, onBytes }: DownloadOptions,
): Promise<void> {
  const file = await open(part, start > 0 ? "a" : "w");
  let total = start;
  try {
    if (response.body !== null) {
      for await (const chunk of inTime(response.body, hub.patience, slowest)) {
        total += chunk.length;
        if (total > blob.size)
          throw new UserError(`pull: ${blob.path} must have ${blob.size} bytes, got more`);
        await file.writeFile(chunk);
        onBytes?.(chunk.length);
      }
    }
    if (total < blob.size) throw new Error(`got ${total} of ${blob.size} bytes`);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}
