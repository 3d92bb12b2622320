/** Requests for files, whose answers are read within bounds; whatever goes wrong is one line that names the file. */
import { UserError } from "../../common/errors.ts";
import { time } from "../../common/waiting.ts";
import { tooLarge } from "../source.ts";

/** How a server is asked. */
export interface HttpOptions {
  /** What asks; default: the platform's own. */
  readonly fetch?: typeof globalThis.fetch;
  /** Sent with every request: an authorisation. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends what is under way. */
  readonly signal?: AbortSignal;
  /** Milliseconds without a byte after which a server is given up. Default 60,000. */
  readonly patience?: number;
  /** Answers that mean a missing file. Default 404 and 410; S3 says 403 where listing is not allowed. */
  readonly missing?: readonly number[];
  /** The most bytes of a file that a server without ranges can only give whole. Default: less than 2 GiB. */
  readonly mostWhole?: number;
}

/** An answer as it comes in. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Its body, after compression. */
  chunks(): AsyncIterable<Uint8Array<ArrayBuffer>>;
  /** Why it is no good, as an error that names the file. */
  problem(told: string): UserError;
}

/**
 * Asks for `url` and hands the answer to `read`; undefined where there is no such file. `place` is how messages call it.
 * Development servers answer with a page of their own for what they do not have: a page is no file of a model.
 */
export async function ask<T>(
  url: URL,
  place: string,
  { fetch = globalThis.fetch, headers, signal, patience = 60_000, missing = [404, 410] }: HttpOptions,
  range: string | undefined,
  read: (answer: Answer) => Promise<T>,
): Promise<T | undefined> {
  const problem = (told: string, cause?: unknown) =>
    new UserError(`${place} cannot be read: ${told}`, { cause });
  const silence = silenceAfter(patience, problem(`the server sent nothing for ${time(patience)}`));
  const all = signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]);
  // With a range, every platform asks for the bytes as they are, not packed.
  const part: Record<string, string> = range === undefined ? {} : { Range: range };
  let response: Response | undefined;
  try {
    response = await fetch(url, { headers: { ...headers, ...part }, signal: all });
    const { body } = response;
    const chunks = () => chunksOf(body, silence.heard);
    const isMissing = missing.includes(response.status) || (response.ok && isPage(response, url));
    if (isMissing) return undefined;
    return await read({ status: response.status, headers: response.headers, chunks, problem });
  } catch (error) {
    if (all.aborted) throw all.reason;
    throw error instanceof UserError ? error : problem(toldBy(error as Error), error);
  } finally {
    silence.end();
    if (response?.bodyUsed === false) await response.body?.cancel().catch(() => {});
  }
}

function isPage({ headers }: Response, { pathname }: URL): boolean {
  return (headers.get("content-type") ?? "").startsWith("text/html") && !/\.html?$/.test(pathname);
}

/** A signal that is aborted when nothing was heard for so long. */
function silenceAfter(patience: number, reason: UserError) {
  const controller = new AbortController();
  const abort = () => controller.abort(reason);
  let timer = setTimeout(abort, patience);
  const end = () => clearTimeout(timer);
  const heard = () => {
    end();
    timer = setTimeout(abort, patience);
  };
  return { signal: controller.signal, heard, end };
}

async function* chunksOf(body: Response["body"], heard: () => void): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = body?.getReader();
  try {
    for (;;) {
      heard();
      const read = await reader?.read();
      if (read === undefined || read.done) return;
      yield read.value;
    }
  } finally {
    await reader?.cancel().catch(() => {});
  }
}

/** A browser does not say why it gives nothing. */
function toldBy({ message, cause }: Error): string {
  const told = (cause as Error | undefined)?.message || message;
  const says = /failed to fetch|networkerror|load failed/i.test(told);
  return says ? `${told}; is the server there, and does it allow this page to read (CORS)?` : told;
}

/** The whole body, of at most `most` bytes, in pieces. */
export async function piecesOf(answer: Answer, place: string, most: number) {
  const said = Number(answer.headers.get("content-length") ?? 0);
  if (said > most) throw tooLarge(place, most, said);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const piece of answer.chunks()) {
    length += piece.length;
    if (length > most) throw tooLarge(place, most, "more");
    pieces.push(piece);
  }
  const isWhole = answer.headers.has("content-encoding") || said === 0 || length === said;
  if (isWhole) return pieces;
  throw answer.problem(`the answer ends after ${length} of ${said} bytes`);
}

/** A body of exactly so many bytes. */
export async function exactly(answer: Answer, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const piece of answer.chunks()) {
    if (at + piece.length > length)
      throw answer.problem(`the answer has more than the ${length} bytes asked for`);
    bytes.set(piece, at);
    at += piece.length;
  }
  if (at === length) return bytes;
  throw answer.problem(`the answer ends after ${at} of ${length} bytes`);
}
