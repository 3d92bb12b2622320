/**
 * Bodies of answers with a limit that holds while they are read, whatever they say of their own length. What is counted is
 * what comes out of decompression.
 */

/** A body that is longer than it may be. Nothing more of it is read. */
export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
}

/**
 * The whole body of an answer. Throws a {@link BodyTooLarge} that begins with `what` when it has more than `maxBytes`
 * bytes; time is the signal's that the answer was fetched with.
 */
export async function readLimited(
  response: Response,
  maxBytes: number,
  what: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  const body = limited(response, maxBytes, what).body?.getReader();
  // Not every browser goes through a stream by `for await`.
  for (let read = await body?.read(); read && !read.done; read = await body?.read()) chunks.push(read.value);
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The same answer, whose body fails with a {@link BodyTooLarge} after `maxBytes` bytes. */
export function limited(response: Response, maxBytes: number, what: string): Response {
  const tooLarge = () => new BodyTooLarge(`${what} must be at most ${maxBytes} bytes, got more`);
  return withBody(response, maxBytes, (stream) => stream.error(tooLarge()));
}

/** The same answer, whose body ends after `maxBytes` bytes: for what a server says of its own failure. */
export function shortened(response: Response, maxBytes: number): Response {
  return withBody(response, maxBytes, (stream) => stream.close());
}

type Stream = ReadableStreamDefaultController<Uint8Array>;

function withBody(response: Response, maxBytes: number, atLimit: (stream: Stream) => void): Response {
  if (response.body === null) return response;
  const { status, statusText, headers } = response;
  const body = boundedBody(response.body.getReader(), maxBytes, atLimit);
  return new Response(body, { status, statusText, headers });
}

function boundedBody(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
  atLimit: (stream: Stream) => void,
): ReadableStream<Uint8Array> {
  let left = maxBytes;
  return new ReadableStream<Uint8Array>({
    async pull(stream) {
      const { done, value } = await reader.read();
      if (done) return stream.close();
      stream.enqueue(value.subarray(0, left));
      left -= value.length;
      if (left >= 0) return;
      atLimit(stream);
      await reader.cancel().catch(() => {});
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
