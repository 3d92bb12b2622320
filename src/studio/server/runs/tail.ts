/** The whole lines of a growing file from a place on. */
import { openRegular, readAt } from "../../../common/inside.ts";
import type { Tail } from "../../page/learn/run-data.ts";

/** Bytes of an answer; a longer line is passed over, piece by piece. */
const MOST = 4_000_000;

/**
 * Lines from byte `from` on of the file that was called `file`; of another file, or one that is shorter by now, from its
 * beginning. A last line without its end is left for the next time.
 */
export async function tailOf(path: string, from: number, file: string | undefined): Promise<Tail> {
  const handle = await openRegular(path);
  try {
    const { ino, birthtimeMs, size } = await handle.stat();
    const name = `${ino}-${Math.round(birthtimeMs)}`;
    const start = file === name && from <= size ? from : 0;
    const bytes = await readAt(handle, start, Math.min(MOST, size - start));
    const end = bytes.lastIndexOf(10) + 1;
    const isLong = end === 0 && bytes.length === MOST;
    const next = start + (isLong ? bytes.length : end);
    const text = isLong ? "" : new TextDecoder().decode(bytes.subarray(0, end));
    return { text, next, file: name, more: next < size && (isLong || start + bytes.length < size) };
  } finally {
    await handle.close();
  }
}
