import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import pRetry, { AbortError } from "p-retry";
import { cacheFolder } from "../../common/cache-folder.ts";
import { makeFolder } from "../../common/files.ts";
import { inTime } from "../../common/streams.ts";
import type { FormatOptions } from "./format.ts";
import { pictureEnds, pictureFacts } from "./pictures.ts";
import { BadRow, bad } from "./rows.ts";

/** Seconds without a byte after which a download is given up; it is tried again. */
const patience = 30;
const tries = 3;

/**
 * A function that gives the file of a picture, from the cache folder or from its URL. A file in the cache is
 * named by its SHA-256, and is there only if its bytes have it; a download that broke off goes on from where
 * it was, if the server can do that. Throws a {@link bad} row: not found, too large, no picture, other bytes
 * than those published.
 */
export function pictureStore({ cache = defaultCache(), maxBytes = 50_000_000 }: FormatOptions) {
  const [tried, byHash] = [new Map<string, Promise<string>>(), new Map<string, Promise<string>>()];
  return (url: string, sha256: string): Promise<string> => {
    const key = `${sha256} ${url}`;
    const known = tried.get(key);
    if (known !== undefined) return known;
    const wanted = { path: join(cache, sha256.slice(0, 2), sha256), sha256, maxBytes };
    // The same picture may be at several addresses, of which some are dead.
    const running = byHash.get(sha256)?.catch(() => stored(url, wanted)) ?? stored(url, wanted);
    tried.set(key, running);
    byHash.set(sha256, running);
    return running;
  };
}

function defaultCache(): string {
  return join(cacheFolder(), "pictures");
}

interface Wanted {
  readonly path: string;
  readonly sha256: string;
  readonly maxBytes: number;
}

async function stored(url: string, wanted: Wanted): Promise<string> {
  if ((await sizeOf(wanted.path)) !== undefined) return wanted.path;
  await makeFolder(join(wanted.path, ".."));
  try {
    await pRetry(() => download(url, wanted), { retries: tries - 1, minTimeout: 300, maxTimeout: 5000 });
  } catch (error) {
    if (error instanceof BadRow) throw error;
    throw bad("image_url", `${url}: ${reasonOf(error as Error)}`);
  }
  return wanted.path;
}

/** One attempt: fetches what is missing of `<path>.part`, checks it, and gives it its name. */
async function download(url: string, wanted: Wanted): Promise<void> {
  const part = `${wanted.path}.part`;
  const had = (await sizeOf(part)) ?? 0;
  const stop = new AbortController();
  const response = await fetch(url, {
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(1000 * patience * 10)]),
    headers: {
      "accept-encoding": "identity",
      "user-agent": "fovea",
      ...(had > 0 && { range: `bytes=${had}-` }),
    },
  });
  try {
    if (response.status !== 416)
      await receive(response, part, had, wanted.maxBytes); // 416: all of it is there.
    else if (had === 0) throw new AbortError("416 Range Not Satisfiable");
  } finally {
    stop.abort();
  }
  await verify(part, wanted).catch(async (error) => {
    await rm(part, { force: true });
    throw had > 0 ? error : new AbortError(error); // What it was joined to may have been of another file.
  });
  await rename(part, wanted.path);
}

async function receive(response: Response, part: string, had: number, maxBytes: number): Promise<void> {
  refuse(response);
  const start = response.status === 206 ? had : 0;
  if (start > 0 && !response.headers.get("content-range")?.startsWith(`bytes ${start}-`)) {
    await rm(part, { force: true });
    throw new Error(`answered with another part than bytes ${start}-`);
  }
  const length = Number(response.headers.get("content-length") ?? 0);
  if (start + length > maxBytes)
    throw new AbortError(`must be at most ${maxBytes} bytes, got ${start + length}`);
  const file = await open(part, start > 0 ? "a" : "w");
  try {
    let total = start;
    for await (const chunk of inTime(response.body!, patience)) {
      total += chunk.length;
      if (total > maxBytes) {
        await rm(part, { force: true });
        throw new AbortError(`must be at most ${maxBytes} bytes, got more`);
      }
      await file.write(chunk);
    }
    if (length > 0 && total < start + length) throw new Error(`broke off after ${total} bytes`);
  } finally {
    await file.close();
  }
}

/** Throws for an answer that is no picture; only what may be better next time is tried again. */
function refuse(response: Response): void {
  const { status, statusText, headers } = response;
  const said = `${status} ${statusText}`.trim();
  if (status === 429 || status >= 500) throw new Error(said);
  if (status !== 200 && status !== 206) throw new AbortError(said);
  const type = headers.get("content-type")?.split(";")[0].trim().toLowerCase() ?? "";
  const vague = ["", "application/octet-stream", "binary/octet-stream", "image/jpg"];
  if (!vague.includes(type) && !Object.keys(pictureEnds).some((format) => type === `image/${format}`))
    throw new AbortError(`must be JPEG, PNG, WebP or GIF, got ${type}`);
}

async function verify(path: string, { sha256 }: Wanted): Promise<void> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  const found = hash.digest("hex");
  if (found !== sha256)
    throw new Error(`must have SHA-256 ${sha256.slice(0, 12)}..., got ${found.slice(0, 12)}...`);
  const facts = await pictureFacts({ file: path }).catch(() => undefined);
  if (facts === undefined || pictureEnds[facts.format] === undefined)
    throw new Error("must be JPEG, PNG, WebP or GIF, got other bytes");
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}

/** `fetch` hides why it failed in the cause. */
function reasonOf(error: Error): string {
  const { cause } = error;
  return cause instanceof Error ? `${error.message} (${cause.message})` : error.message;
}
