/** What was computed of a picture last, kept for the next question about it: one thing of a kind for each open model. */
import type { RgbImage } from "../common/image.ts";
import type { Vlm } from "../vlm/open.ts";

/** Keeps the last result of one kind; it goes with its model. */
export interface Kept<T> {
  /** The result of this key, made unless it was the last one. A result of more than 256 MiB is not kept. */
  of(model: Vlm, key: string, make: () => Promise<T>): Promise<T>;
}

const mostBytes = 2 ** 28;

/** `bytesOf`: about how much memory a result takes. */
export function keptLast<T>(bytesOf: (result: T) => number): Kept<T> {
  const kept = new WeakMap<object, { readonly key: string; readonly result: Promise<T> }>();
  return {
    async of({ params }, key, make) {
      const known = kept.get(params);
      if (known?.key === key) return known.result;
      const result = make();
      const own = { key, result };
      kept.set(params, own);
      const forget = () => {
        if (kept.get(params) === own) kept.delete(params);
      };
      try {
        if (bytesOf(await result) > mostBytes) forget();
      } catch (error) {
        forget();
        throw error;
      }
      return result;
    },
  };
}

/** The same for pictures of the same pixels: their size, and two sums over them (FNV-1a, and Bernstein's). */
export function pictureKey({ width, height, data }: RgbImage): string {
  let [a, b] = [2166136261, 5381];
  for (let i = 0; i < data.length; i++) {
    a = Math.imul(a ^ data[i], 16777619);
    b = Math.imul(b, 33) ^ data[i];
  }
  return `${width}x${height} ${a >>> 0} ${b >>> 0}`;
}
