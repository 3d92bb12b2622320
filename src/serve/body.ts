/** The bytes of requests: how many one may have, and how many all together, from their arrival to their answer. */
import type { IncomingMessage } from "node:http";
import { setImmediate } from "node:timers/promises";
import { ApiError, overloaded } from "./api-error.ts";

/** Bytes that are held for requests. */
export interface HeldBytes {
  readonly held: number;
  readonly most: number;
  /** A share that grows as bytes come. */
  share(): HeldShare;
}

export interface HeldShare {
  /** Throws an `ApiError` of status 503 when all requests together would hold too much. */
  add(bytes: number): void;
  /** Gives all of it back. */
  release(): void;
}

export function heldBytes(most: number): HeldBytes {
  let held = 0;
  return {
    get held() {
      return held;
    },
    most,
    share() {
      let own = 0;
      return {
        add(bytes) {
          if (held + bytes > most) throw overloaded(`the requests under way hold ${held} bytes`);
          held += bytes;
          own += bytes;
        },
        release() {
          held -= own;
          own = 0;
        },
      };
    },
  };
}

export interface IncomingBody {
  readonly headers: Headers;
  readonly chunks: AsyncIterable<Uint8Array> | readonly Uint8Array[];
}

/** The body of a request; of Node's own where there is one, which is several times faster than a web stream of it. */
export function incomingBody(request: Request, incoming: IncomingMessage | undefined): IncomingBody {
  const { headers } = request;
  // Whoever stops reading still has an answer to send through the same socket.
  if (incoming !== undefined) return { headers, chunks: incoming.iterator({ destroyOnReturn: false }) };
  return { headers, chunks: request.body ?? [] };
}

/** Bytes of bodies that are read in one round of events, of all requests together. */
const bytesOfRound = 2 ** 18;

let round: { bytes: number; readonly ended: Promise<void> } | undefined;

async function endOfRound(): Promise<void> {
  await setImmediate();
  round = undefined;
}

/** Waits for the next round when this one has read its share: other clients come first. */
async function ration(bytes: number): Promise<void> {
  round ??= { bytes: 0, ended: endOfRound() };
  round.bytes += bytes;
  if (round.bytes >= bytesOfRound) await round.ended;
}

/**
 * Reads a body into a buffer of its own, which can be sent to another thread. It grows as bytes come: never is all of
 * it copied at once. Throws an `ApiError`: 413 for more than `most` bytes, 400 where it ends early, or the share's.
 */
export async function readBody(
  { headers, chunks }: IncomingBody,
  most: number,
  share: HeldShare,
): Promise<ArrayBuffer> {
  const stated = Number(headers.get("content-length") ?? most);
  if (!(stated <= most)) throw tooLarge(most);
  const body = new ArrayBuffer(0, { maxByteLength: stated });
  try {
    for await (const chunk of chunks) {
      const size = body.byteLength + chunk.length;
      if (size > stated) throw tooLarge(most);
      share.add(chunk.length);
      body.resize(size);
      new Uint8Array(body).set(chunk, size - chunk.length);
      await ration(chunk.length);
    }
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    throw new ApiError("The body ended early", { status: 400, code: "incomplete_body", cause });
  }
  return body;
}

function tooLarge(most: number): ApiError {
  return new ApiError(`The request must have at most ${most} bytes`, {
    status: 413,
    code: "request_too_large",
    headers: { Connection: "close" },
  });
}
