/** What was computed of a picture last, kept for the next question about it: one result of a kind for each open model. */
import { BoundedCache } from "../common/bounded-cache.ts";
import type { RgbImage } from "../common/image.ts";
import type { Vlm } from "../vlm/open.ts";

/** Keeps the last result of one kind; it goes with its model. */
export interface Kept<T> {
  /** The result of this key, made unless it was the last one. */
  of(model: Vlm, key: string, make: () => Promise<T>): Promise<T>;
}

/** A larger result is not kept. */
const maxBytes = 2 ** 28;

/** `name`: what is kept, in plain words. `size`: bytes of a result. */
export function keptLast<T>(name: string, size: (result: T) => number): Kept<T> {
  const caches = new WeakMap<Vlm, BoundedCache<string, T>>();
  return {
    of(model, key, make) {
      const cache = caches.get(model) ?? new BoundedCache({ name, limit: 1, maxBytes, size });
      caches.set(model, cache);
      return cache.getOrMake(key, make);
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
