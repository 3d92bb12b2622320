/**
 * The one kind of cache: it keeps the values that were used last, up to a count and, where values differ in size, up
 * to a number of bytes; says what it dropped; and has figures, which {@link cacheFigures} gives for all caches.
 */
export interface BoundedCacheOptions<K, V> {
  /** What is kept, in plain words (`programs`); caches of one name are counted together. */
  readonly name: string;
  /** Values kept. */
  readonly limit: number;
  /** Bytes kept; a larger value is handed out and not kept. Needs `size`. */
  readonly maxBytes?: number;
  /** So many values are kept whatever their bytes; default 0. */
  readonly least?: number;
  /** Bytes of a value. */
  readonly size?: (value: V) => number;
  /**
   * Called once for each value that is no longer kept, when no `use` of it is under way. What `get` and `getOrMake`
   * hand out may be in use for longer: values that must be closed are reached by `use` only.
   */
  readonly onDrop?: (value: V, key: K) => void | Promise<void>;
}

export interface CacheFigures {
  readonly name: string;
  /** Living caches of this name, which the next four sum up. */
  readonly caches: number;
  readonly entries: number;
  readonly limit: number;
  /** Undefined where values are only counted. */
  readonly bytes?: number;
  readonly maxBytes?: number;
  /** Since the process began, of all caches of this name. */
  readonly hits: number;
  readonly misses: number;
  readonly dropped: number;
}

interface Entry<V> {
  /** Undefined while the value is made. */
  made?: { readonly value: V };
  making?: Promise<V>;
  bytes: number;
  /** Uses that have not ended, the making among them: what is in use is not dropped. */
  running: number;
  /** Whether the cache let it go; then the end of its last use drops the value. */
  gone: boolean;
}

/** Counts by the name of the cache, which is a word in the source: they do not grow. */
const totals = new Map<string, { hits: number; misses: number; dropped: number }>();
/** What figures need of a cache. */
interface Counted {
  readonly options: Pick<BoundedCacheOptions<unknown, unknown>, "name" | "limit" | "maxBytes">;
  readonly size: number;
  readonly bytes: number;
}

const living = new Set<WeakRef<Counted>>();

export class BoundedCache<K, V> {
  readonly options: BoundedCacheOptions<K, V>;
  /** The least recently used first. */
  readonly #entries = new Map<K, Entry<V>>();
  readonly #totals: { hits: number; misses: number; dropped: number };
  #bytes = 0;

  constructor(options: BoundedCacheOptions<K, V>) {
    this.options = options;
    this.#totals = totalsOf(options.name);
    for (const ref of living) if (ref.deref() === undefined) living.delete(ref);
    living.add(new WeakRef<Counted>(this));
  }

  /** Values kept, with those that are in the making. */
  get size(): number {
    return this.#entries.size;
  }

  /** Bytes kept; 0 where values are only counted. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: K): V | undefined {
    const made = this.#touch(key)?.made;
    this.#totals[made ? "hits" : "misses"]++;
    return made?.value;
  }

  set(key: K, value: V): V {
    const old = this.#entries.get(key);
    if (old?.made && old.made.value === value) return value;
    if (old) void this.#letGo(key, old);
    const entry: Entry<V> = { bytes: 0, running: 0, gone: false };
    this.#entries.set(key, entry);
    this.#fill(key, entry, value);
    void this.#shrink();
    return value;
  }

  /** The value kept, or the one that `make` gives, kept from then on. */
  getOrMakeNow(key: K, make: () => V): V {
    const made = this.#touch(key)?.made;
    this.#totals[made ? "hits" : "misses"]++;
    return made ? made.value : this.set(key, make());
  }

  /** As {@link getOrMakeNow}; several who ask at once wait for one making, and a failed one is not kept. */
  getOrMake(key: K, make: () => Promise<V>): Promise<V> {
    return this.use(key, make, (value) => value);
  }

  /** Hands the value to `action`, and does not drop it before that ends. */
  async use<R>(key: K, make: () => Promise<V>, action: (value: V) => R | Promise<R>): Promise<R> {
    const known = this.#touch(key);
    this.#totals[known ? "hits" : "misses"]++;
    const entry = known ?? this.#start(key, make);
    entry.running++;
    try {
      return await action(entry.made ? entry.made.value : await (entry.making as Promise<V>));
    } finally {
      await this.#end(key, entry);
    }
  }

  /** Lets everything go; ends when all values are dropped but those in use, which are dropped after their last use. */
  async clear(): Promise<void> {
    await Promise.all([...this.#entries].map(([key, entry]) => this.#letGo(key, entry)));
  }

  /** An entry becomes the most recently used: the last in the order of the map. */
  #touch(key: K): Entry<V> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  #start(key: K, make: () => Promise<V>): Entry<V> {
    const entry: Entry<V> = { bytes: 0, running: 0, gone: false };
    entry.making = make().then(
      (value) => {
        this.#fill(key, entry, value);
        return value;
      },
      (error) => {
        if (!entry.gone) this.#entries.delete(key);
        entry.gone = true;
        throw error;
      },
    );
    this.#entries.set(key, entry);
    return entry;
  }

  /** The value is there; one that is larger than all that may be kept pushes nothing out. */
  #fill(key: K, entry: Entry<V>, value: V): void {
    entry.made = { value };
    entry.making = undefined;
    if (entry.gone) return;
    entry.bytes = this.options.size?.(value) ?? 0;
    this.#bytes += entry.bytes;
    const { maxBytes = Number.POSITIVE_INFINITY, least = 0 } = this.options;
    if (entry.bytes > maxBytes && least === 0) void this.#letGo(key, entry);
  }

  async #end(key: K, entry: Entry<V>): Promise<void> {
    entry.running--;
    if (entry.gone && entry.running === 0) await this.#drop(key, entry);
    await this.#shrink();
  }

  /** Lets go of what is too much, the least recently used first; what is in use stays. */
  async #shrink(): Promise<void> {
    const { limit, maxBytes = Number.POSITIVE_INFINITY, least = 0 } = this.options;
    const dropping: (void | Promise<void>)[] = [];
    for (const [key, entry] of this.#entries) {
      const isSmall = this.#bytes <= maxBytes || this.#entries.size <= least;
      if (this.#entries.size <= limit && isSmall) break;
      if (entry.running === 0) dropping.push(this.#letGo(key, entry));
    }
    await Promise.all(dropping);
  }

  #letGo(key: K, entry: Entry<V>): void | Promise<void> {
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
    entry.gone = true;
    if (entry.running === 0) return this.#drop(key, entry);
  }

  #drop(key: K, { made }: Entry<V>): void | Promise<void> {
    if (made === undefined) return;
    this.#totals.dropped++;
    return this.options.onDrop?.(made.value, key);
  }
}

/** What all caches of this process hold and did, by name. A worker thread is counted apart: it has its own caches. */
export function cacheFigures(): readonly CacheFigures[] {
  const caches = [...living].flatMap((ref) => ref.deref() ?? []);
  return [...totals]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, counts]) => {
      const own = caches.filter(({ options }) => options.name === name);
      const sum = (of: (cache: Counted) => number) => own.reduce((all, one) => all + of(one), 0);
      const bounded = own.some(({ options }) => options.maxBytes !== undefined);
      return {
        name,
        caches: own.length,
        entries: sum(({ size }) => size),
        limit: sum(({ options }) => options.limit),
        ...(bounded && {
          bytes: sum(({ bytes }) => bytes),
          maxBytes: sum(({ options }) => options.maxBytes ?? 0),
        }),
        ...counts,
      };
    });
}

function totalsOf(name: string): { hits: number; misses: number; dropped: number } {
  const known = totals.get(name) ?? { hits: 0, misses: 0, dropped: 0 };
  totals.set(name, known);
  return known;
}
