/** Items by their places, fetched a page at a time and kept for a while; what has left the view is not waited for. */
import type { Filter } from "./filter.ts";
import type { DataSource, Item } from "./source.ts";

const PAGE = 60;
/** Pages kept: some screens to either side. */
const KEPT = 24;

interface Page {
  items?: readonly Item[];
  failed?: string;
  /** How many of it were in view when it was asked for. */
  readonly wanted: number;
  readonly controller: AbortController;
}

export interface Pager {
  /** Undefined until it is there; then `onChange` is called. */
  item(at: number): Item | undefined;
  /** Why the item is not there. */
  failed(at: number): string | undefined;
  /** Fetches what is missing of a range, and lets go of what is far from it. */
  show(first: number, end: number): void;
  close(): void;
}

export function pager(source: DataSource, filter: Filter, onChange: () => void): Pager {
  const pages = new Map<number, Page>();
  const load = async (number: number, page: Page) => {
    try {
      page.items = await source.items(filter, number * PAGE, PAGE, page.controller.signal);
    } catch (error) {
      if (page.controller.signal.aborted) return;
      page.failed = (error as Error).message;
    }
    onChange();
  };
  const pageOf = (at: number) => pages.get(Math.floor(at / PAGE));
  return {
    item: (at) => pageOf(at)?.items?.[at % PAGE],
    failed: (at) => pageOf(at)?.failed,
    show(first, end) {
      const [from, to] = [Math.floor(first / PAGE), Math.floor(Math.max(first, end - 1) / PAGE)];
      for (const [number, page] of pages) {
        const isNear = number >= from - 1 && number <= to + 1;
        if (isNear || (page.items !== undefined && pages.size <= KEPT)) continue;
        page.controller.abort();
        pages.delete(number);
      }
      for (let number = from; number <= to; number++) {
        const old = pages.get(number);
        const wanted = Math.min(PAGE, end - number * PAGE);
        // A set that is still being found grows.
        if (old !== undefined && (old.items === undefined || old.wanted >= wanted)) continue;
        const page: Page = {
          ...(old?.items && { items: old.items }),
          wanted,
          controller: new AbortController(),
        };
        pages.set(number, page);
        void load(number, page);
      }
    },
    close() {
      for (const { controller } of pages.values()) controller.abort();
      pages.clear();
    },
  };
}
