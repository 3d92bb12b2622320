/** What a room keeps of its search by what the open models answer: begun when it is wanted, given up when it is not. */
import { foundSource, type LiveFound, type LiveSearch, nothingFound, searchOn } from "./live-search.ts";
import type { DataSource } from "./source.ts";

export type LiveWish = Pick<LiveSearch, "filter" | "wanted" | "models" | "answers">;

export class LiveAsking {
  /** What was found so far. */
  found: LiveFound = nothingFound;
  isSearching = false;
  /** What was found, as a data set; undefined where nothing is asked. */
  source: DataSource | undefined;
  private key = "";
  private search: AbortController | undefined;
  private readonly onChange: (failed?: string) => void;

  /** `onChange` hears of each step, and why the search ended early. */
  constructor(onChange: (failed?: string) => void) {
    this.onChange = onChange;
  }

  /** Begins to ask where an outcome is wanted that only the models can tell; the same wish goes on. */
  follow(source: DataSource, wish: LiveWish): void {
    const { filter, wanted } = wish;
    const key =
      wanted.length === 0 ? "" : `${source.name} ${JSON.stringify(filter)} ${JSON.stringify(wanted)}`;
    if (key === this.key) return;
    this.key = key;
    this.search?.abort();
    this.found = nothingFound;
    this.source = wanted.length > 0 ? foundSource(source, () => this.found.items) : undefined;
    this.isSearching = false;
    if (wanted.length > 0) void this.more(source, wish);
  }

  /** Asks about more pictures. */
  async more(source: DataSource, wish: LiveWish): Promise<void> {
    const controller = new AbortController();
    this.search = controller;
    this.isSearching = true;
    this.onChange();
    const onFound = (found: LiveFound) => {
      this.found = found;
      this.onChange();
    };
    let failed: string | undefined;
    try {
      await searchOn({ source, ...wish }, this.found, onFound, controller.signal);
    } catch (error) {
      if (controller.signal.aborted) return;
      failed = (error as Error).message;
    }
    if (this.search === controller) this.isSearching = false;
    this.onChange(failed);
  }

  end(): void {
    this.search?.abort();
  }
}
