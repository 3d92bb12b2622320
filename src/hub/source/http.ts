/**
 * Files below an address as a {@link Source}: a plain static server is enough. Parts of files are asked for by range
 * requests (RFC 9110, section 14); where a server knows none, a file is taken whole, once. Nothing is listed: what is
 * needed is asked for by its name.
 */
import { mustBe, UserError } from "../../common/errors.ts";
import { type ByteRange, type Source, sourceOver } from "../source.ts";
import { type Answer, ask, exactly, type HttpOptions, piecesOf } from "./request.ts";

export type { HttpOptions } from "./request.ts";

/** A file of which parts are read. */
interface Opened {
  readonly size: number;
  /** What the server says of this state of the file. */
  readonly tag: string | null;
  /** Its first bytes. */
  readonly head: Blob;
  /** All of it, where parts cannot be asked for. */
  readonly whole?: Blob;
}

/** Bytes that the first request for parts of a file asks for: the header of most checkpoints, and small files whole. */
const headLength = 2 ** 16;
const mostWhole = 2 ** 31 - 1;

/**
 * Files by addresses below a base address, http or https. What stands behind a `?` of it is sent with every request. Throws
 * a `UserError` for another kind of address.
 */
export function httpSource(address: string | URL, options: HttpOptions = {}): Source {
  const base = baseOf(address);
  const shown = base.origin + base.pathname;
  const place = (path?: string) => (path === undefined ? shown.replace(/(?<!\/)\/$/, "") : shown + path);
  const urlOf = (path: string) => {
    const url = new URL(path.split("/").map(encodeURIComponent).join("/"), base);
    url.search = base.search;
    return url;
  };
  const files = new Map<string, Promise<Opened | undefined>>();
  const opened = (path: string) => {
    const known = files.get(path) ?? open(urlOf(path), place(path), options);
    files.set(path, known);
    known.catch(() => files.delete(path));
    return known;
  };
  return sourceOver({
    name: nameOf(base),
    place,
    size: async (path) => (await opened(path))?.size,
    whole: (path, most) => whole(urlOf(path), place(path), most, options),
    async part(path, range) {
      const file = await opened(path);
      return file && part(urlOf(path), place(path), file, range, options);
    },
  });
}

function baseOf(address: string | URL): URL {
  const wrong = (got: string, hint?: string) => mustBe("source", "address", "http:// or https://", got, hint);
  if (!URL.canParse(address)) throw wrong(String(address));
  const base = new URL(address);
  if (!["http:", "https:"].includes(base.protocol)) throw wrong(base.href);
  if (base.username !== "" || base.password !== "")
    throw wrong("one with a password", "send it as a header: { headers: { Authorization: ... } }");
  base.hash = "";
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return base;
}

function nameOf({ pathname, host }: URL): string {
  const last = pathname.split("/").at(-2) || host;
  try {
    return decodeURIComponent(last);
  } catch {
    return last; // A `%` of its own.
  }
}

async function whole(url: URL, place: string, most: number, options: HttpOptions) {
  return ask(url, place, options, undefined, async (answer) => {
    if (answer.status !== 200) throw status(answer);
    const bytes = await new Blob(await piecesOf(answer, place, most)).arrayBuffer();
    return new Uint8Array(bytes);
  });
}

const status = ({ status, problem }: Answer) => problem(`the server answers ${status}`);

/** Asks for the first bytes, and learns from the answer how long the file is and whether parts can be had. */
async function open(url: URL, place: string, options: HttpOptions): Promise<Opened | undefined> {
  return ask(url, place, options, `bytes=0-${headLength - 1}`, async (answer) => {
    const tag = tagOf(answer);
    if (answer.status === 200) return { ...(await takeWhole(answer, place, options)), tag };
    const range = answer.headers.get("content-range");
    if (answer.status === 416 && range === "bytes */0") return { size: 0, tag, head: new Blob() };
    const { first, last, size } = contentRange(answer);
    if (first !== 0 || last >= headLength || last >= size)
      throw wrongRange(answer, `bytes 0-${headLength - 1} or fewer of the file`);
    return { size, tag, head: new Blob([await exactly(answer, last + 1)]) };
  });
}

async function takeWhole(answer: Answer, place: string, options: HttpOptions) {
  const most = options.mostWhole ?? mostWhole;
  const said = Number(answer.headers.get("content-length") ?? 0);
  const hint =
    "it takes no range requests, so the file must be read whole; nginx, Caddy and others take them";
  if (said > most) throw mustBe(place, "size", `at most ${most} bytes from this server`, said, hint);
  const blob = new Blob(await piecesOf(answer, place, most));
  return { size: blob.size, head: blob, whole: blob };
}

async function part(url: URL, place: string, file: Opened, range: ByteRange, options: HttpOptions) {
  const from = Math.min(range.offset, file.size);
  const to = Math.min(from + range.length, file.size);
  if (to <= file.head.size || file.whole !== undefined || from === to) return sliced(file.head, from, to);
  const bytes = await ask(url, place, options, `bytes=${from}-${to - 1}`, async (answer) => {
    const { first, last, size } = contentRange(answer);
    if (size !== file.size || (file.tag !== null && tagOf(answer) !== file.tag))
      throw answer.problem("the file was changed while it was read; open it again");
    if (first !== from || last !== to - 1) throw wrongRange(answer, `bytes ${from}-${to - 1}/${size}`);
    return exactly(answer, to - from);
  });
  if (bytes === undefined) throw new UserError(`${place} cannot be read: the server has it no more`);
  return bytes;
}

async function sliced(blob: Blob, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await blob.slice(from, to).arrayBuffer());
}

/** A server that knows the state of its files says it by one of these. */
function tagOf({ headers }: Answer): string | null {
  return headers.get("etag") ?? headers.get("last-modified");
}

const longestSaid = 100;

/** First and last byte of an answer with a part, and the size of the whole file. */
function contentRange(answer: Answer): { first: number; last: number; size: number } {
  if (answer.status !== 206) throw status(answer);
  const encoding = answer.headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity")
    throw answer.problem(
      `a part of the file must come as it is, not packed by ${encoding.slice(0, longestSaid)}`,
    );
  const [, first, last, size] =
    /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.headers.get("content-range") ?? "") ?? [];
  const numbers = [first, last, size].map(Number);
  if (!numbers.every(Number.isSafeInteger) || numbers[0] > numbers[1])
    throw wrongRange(answer, "bytes FIRST-LAST/SIZE");
  return { first: numbers[0], last: numbers[1], size: numbers[2] };
}

/** A server of another origin must allow a page to see this header. */
function wrongRange(answer: Answer, rule: string): UserError {
  const got = answer.headers.get("content-range");
  const hint = "Access-Control-Expose-Headers: Content-Range shows it to pages of other origins";
  const said = got === null ? `nothing (${hint})` : got.slice(0, longestSaid);
  return answer.problem(`Content-Range must be ${rule}, got ${said}`);
}
