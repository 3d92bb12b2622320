/** Answers that come piece by piece, for work that takes long; whose client has gone is work that nobody wants. */
import type { Context } from "hono";
import { joinedSignal } from "../../serve/signals.ts";
import { wireType } from "../models/remote.ts";

export interface Speech {
  /** Sends a message; does nothing once the client has gone. */
  say(message: Uint8Array<ArrayBuffer>): void;
  /** Aborted when the client has gone, or the server is going. */
  readonly signal: AbortSignal;
}

export interface StreamedOptions {
  readonly down?: AbortSignal;
}

/** Answers at once, and goes on until `speak` ends. What `speak` throws breaks the answer off. */
export function streamed(
  context: Context,
  { down }: StreamedOptions,
  speak: (speech: Speech) => Promise<void>,
): Response {
  const gone = joinedSignal([context.req.raw.signal, ...(down ? [down] : [])]);
  let left = false;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      const say = (message: Uint8Array<ArrayBuffer>) => {
        if (!left) controller.enqueue(message);
      };
      const end = (error?: unknown) => {
        gone.release();
        if (left) return;
        left = true;
        if (error === undefined) controller.close();
        else controller.error(error);
      };
      void speak({ say, signal: gone.signal }).then(() => end(), end);
    },
    cancel() {
      left = true;
      gone.abort();
    },
  });
  return new Response(body, { headers });
}

const headers = {
  "Content-Type": wireType,
  // Without it the adapter would wait for a second piece before it sends the first.
  "Transfer-Encoding": "chunked",
  "X-Accel-Buffering": "no",
};
