/**
 * Files of a folder that somebody gave to Studio: only regular ones, only below that folder by their real path, and never
 * what a leading dot hides.
 *
 *     app.get("/pictures/:name{.+}", (c) => sendFile(c, folder, c.req.param("name")))
 *     app.use("/models/ntp/*", filesBelow("/models/ntp/", folder))
 */
import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { extname } from "node:path";
import type { Context, MiddlewareHandler } from "hono";
import { openRegular, readAt, resolveInside } from "../../common/inside.ts";
import { ApiError } from "../../serve/api-error.ts";
import { notFound } from "./errors.ts";

export interface SendOptions {
  /** How long a browser keeps it; by default it asks each time whether it has changed. */
  readonly cache?: string;
  /** Whether the folder is the built page, whose files may do what a page does; default: they are data. */
  readonly page?: boolean;
}

type Types = Readonly<Record<string, string>>;

/** What a browser is told that a file is. Anything else is only ever saved: no file of a stranger becomes a page. */
const dataTypes: Types = {
  ".csv": "text/plain; charset=utf-8",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".json": "application/json",
  ".jsonl": "application/jsonl; charset=utf-8",
  ".png": "image/png",
  ".txt": "text/plain; charset=utf-8",
  ".webp": "image/webp",
  ".yaml": "text/plain; charset=utf-8",
};

/** Of the built page, which is Fovea's own. */
const pageTypes: Types = {
  ...dataTypes,
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
};

/** `name` is decoded, with `/` between its parts. Throws an ApiError 404 for what may not be seen as for what is not there. */
export async function sendFile(
  context: Context,
  folder: string,
  name: string,
  { cache = "no-cache", page = false }: SendOptions = {},
): Promise<Response> {
  const file = await openBelow(folder, name);
  try {
    const type = (page ? pageTypes : dataTypes)[extname(name).toLowerCase()];
    return await answered(context, file, {
      "Cache-Control": cache,
      "Content-Type": type ?? "application/octet-stream",
      ...(type === undefined && { "Content-Disposition": "attachment" }),
    });
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Sends the files below a folder to addresses that begin with `prefix`; leaves other addresses and methods to others. */
export function filesBelow(
  prefix: string,
  folder: string,
  options: SendOptions & { readonly index?: string } = {},
): MiddlewareHandler {
  return async (context, next) => {
    const { method } = context.req;
    const name = nameBelow(prefix, context.req.raw.url);
    if (name === undefined || (method !== "GET" && method !== "HEAD")) return next();
    return sendFile(context, folder, name === "" ? (options.index ?? "") : name, options);
  };
}

/** The part of an address behind the prefix, decoded once; undefined for another address or a wrong escape. */
export function nameBelow(prefix: string, address: string): string | undefined {
  const { pathname } = new URL(address);
  if (!pathname.startsWith(prefix)) return undefined;
  try {
    return decodeURIComponent(pathname.slice(prefix.length));
  } catch {
    return undefined;
  }
}

/** Every part between two `/` must be a name that is seen; `\` is between parts too on some machines. */
export function isPlainName(name: string): boolean {
  return name.split("/").every((part) => /^[^.\\:\p{Cc}]([^\\:\p{Cc}]*[^\\:\p{Cc} .])?$/u.test(part));
}

async function openBelow(folder: string, name: string): Promise<FileHandle> {
  const found = isPlainName(name) ? await resolveInside(folder, name) : undefined;
  if (found === undefined || !("path" in found)) throw notFound("file");
  return openRegular(found.path).catch((cause) => {
    throw new ApiError(notFound("file").message, { status: 404, code: "not_found", cause });
  });
}

interface Range {
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
}

type Headers = Readonly<Record<string, string>>;

/** The whole file, the part that was asked for, or that nothing has changed. Closes the file in the end. */
async function answered(context: Context, file: FileHandle, own: Headers): Promise<Response> {
  const facts = await file.stat();
  const headers = { ...own, ETag: tagOf(facts), "Accept-Ranges": "bytes" };
  const reply = (status: number, more: Headers = {}, body: BodyInit | null = null) =>
    new Response(body, { status, headers: { ...headers, ...more } });
  const bare = async (status: number, more?: Headers) => {
    await file.close();
    return reply(status, more);
  };
  if (context.req.header("if-none-match") === headers.ETag) return bare(304);
  const range = rangeOf(context.req.header("range"), facts.size);
  if (range === null) return bare(416, { "Content-Range": `bytes */${facts.size}` });
  const { start, end } = range ?? { start: 0, end: facts.size };
  const status = range === undefined ? 200 : 206;
  const more = {
    "Content-Length": `${end - start}`,
    ...(range && { "Content-Range": `bytes ${start}-${end - 1}/${facts.size}` }),
  };
  if (context.req.method === "HEAD") return bare(status, more);
  if (end - start > pieceBytes) return reply(status, more, piecesOf(file, { start, end }));
  const bytes = await readAt(file, start, end - start);
  await file.close();
  return reply(status, more, bytes);
}

/** Changes whenever the file does. */
function tagOf({ mtimeMs, size, ino }: Stats): string {
  return `"${ino.toString(36)}-${size.toString(36)}-${Math.round(mtimeMs * 1000).toString(36)}"`;
}

/** undefined: the whole file; null: none of its bytes. Several parts at once are not given: the whole file is. */
function rangeOf(header: string | undefined, size: number): Range | null | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || first + last === "") return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  return start < end ? { start, end } : null;
}

const pieceBytes = 2 ** 18;

/** Read as they are taken: a slow client holds one piece and no more. */
function piecesOf(file: FileHandle, { start, end }: Range): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = start;
  return new ReadableStream({
    async pull(controller) {
      const piece = await readAt(file, at, Math.min(pieceBytes, end - at)).catch(async (error) => {
        await file.close();
        throw error;
      });
      at += piece.length;
      if (piece.length > 0) controller.enqueue(piece);
      if (piece.length > 0 && at < end) return;
      await file.close();
      controller.close();
    },
    cancel: () => file.close(),
  });
}
