/**
 * Chunks of a body; throws when the next one takes longer than `seconds`, or when in such a time, from its first chunk on,
 * fewer than `slowest` bytes a second came.
 */
export async function* inTime(
  body: ReadableStream<Uint8Array>,
  seconds: number,
  slowest = 0,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body.getReader();
  let [since, bytes] = [performance.now(), 0];
  try {
    for (;;) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`nothing came for ${seconds} s`)), 1000 * seconds);
      });
      const { done, value } = await Promise.race([reader.read(), late]).finally(() => clearTimeout(timer));
      if (done) return;
      bytes += value.length;
      if (performance.now() - since > 1000 * seconds) {
        if (bytes < slowest * seconds) throw new Error(`only ${bytes} bytes came in ${seconds} s`);
        [since, bytes] = [performance.now(), 0];
      }
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
