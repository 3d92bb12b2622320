/** Thumbnails of the items in view: a few are made at once, the newest wish first, the last ones kept. */
import type { DataSource, Item, Thumbnail } from "./source.ts";

const AT_ONCE = 6;
const KEPT = 600;

/** What a tile shows. */
export type Shown = { readonly thumbnail: Thumbnail } | { readonly failed: string };

export interface ThumbLoader {
  get(item: Item): Shown | undefined;
  /** These alone are wanted now; what is waited for and not among them is given up. */
  want(items: readonly Item[]): void;
  close(): void;
}

export function thumbLoader(source: DataSource, side: number, onShown: (index: number) => void): ThumbLoader {
  const shown = new Map<number, Shown>();
  const loading = new Map<number, AbortController>();
  let wanted: Item[] = [];
  const put = (index: number, value: Shown) => {
    shown.set(index, value);
    for (const [oldest, old] of shown) {
      if (shown.size <= KEPT) break;
      shown.delete(oldest);
      if ("thumbnail" in old) old.thumbnail.bitmap.close();
    }
    onShown(index);
  };
  const load = async (item: Item, controller: AbortController) => {
    const { signal } = controller;
    try {
      const thumbnail = await source.thumbnail(item, side, signal);
      if (signal.aborted) thumbnail.bitmap.close();
      else put(item.index, { thumbnail });
    } catch (error) {
      if (!signal.aborted) put(item.index, { failed: (error as Error).message });
    }
    if (loading.get(item.index) === controller) loading.delete(item.index);
    next();
  };
  const next = () => {
    while (loading.size < AT_ONCE && wanted.length > 0) {
      const item = wanted.shift() as Item;
      if (shown.has(item.index) || loading.has(item.index)) continue;
      const controller = new AbortController();
      loading.set(item.index, controller);
      void load(item, controller);
    }
  };
  return {
    get(item) {
      const found = shown.get(item.index);
      if (found !== undefined) {
        shown.delete(item.index); // The last that was looked at goes last.
        shown.set(item.index, found);
      }
      return found;
    },
    want(items) {
      const now = new Set(items.map(({ index }) => index));
      for (const [index, controller] of loading)
        if (!now.has(index)) {
          controller.abort();
          loading.delete(index);
        }
      wanted = items.filter(({ index }) => !shown.has(index));
      next();
    },
    close() {
      for (const controller of loading.values()) controller.abort();
      for (const one of shown.values()) if ("thumbnail" in one) one.thumbnail.bitmap.close();
      shown.clear();
      loading.clear();
      wanted = [];
    },
  };
}
