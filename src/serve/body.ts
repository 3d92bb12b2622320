/** The bytes of requests: how many one may have, and how many all together, from their arrival to their answer. */
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

/**
 * Reads a body into a buffer of its own, which can be sent to another thread. It grows as bytes come: never is all of
 * it copied at once. Throws an `ApiError`: 413 for more than `most` bytes, 400 where it ends early, or the share's.
 */
export async function readBody(request: Request, most: number, share: HeldShare): Promise<ArrayBuffer> {
  const stated = Number(request.headers.get("content-length") ?? most);
  if (!(stated <= most)) throw tooLarge(most);
  const body = new ArrayBuffer(0, { maxByteLength: stated });
  try {
    for await (const chunk of request.body ?? []) {
      const size = body.byteLength + chunk.length;
      if (size > stated) throw tooLarge(most);
      share.add(chunk.length);
      body.resize(size);
      new Uint8Array(body).set(chunk, size - chunk.length);
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
