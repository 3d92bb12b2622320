/** Follows runs: reads their list and what comes of those that are shown, until it is stopped. */
import { noContent, type RunContent, type RunList, type Tail, withMetrics, withProbes } from "./run-data.ts";
import type { RunsSource, TailKind } from "./runs-source.ts";

export interface Followed {
  readonly list: RunList | undefined;
  contentOf(run: string): RunContent;
  /** What went wrong last, in one line; undefined once it works again. */
  readonly problem: string | undefined;
  /** The runs whose lines are read. */
  watch(runs: readonly string[]): void;
  close(): void;
}

/** Between two looks, in milliseconds; a page that nobody sees does not look. */
const EVERY = 2000;

interface Read {
  content: RunContent;
  readonly since: Record<TailKind, Pick<Tail, "next" | "file">>;
}

const unread = (): Read => ({
  content: noContent,
  since: { metrics: { next: 0, file: "" }, probes: { next: 0, file: "" } },
});

const adding = { metrics: withMetrics, probes: withProbes } as const;
const emptied: Readonly<Record<TailKind, Partial<RunContent>>> = {
  metrics: { steps: [], evaluations: [] },
  probes: { pictures: [], maps: [] },
};

export function followRuns(source: RunsSource, onChange: () => void): Followed {
  const ending = new AbortController();
  const { signal } = ending;
  const read = new Map<string, Read>();
  let list: RunList | undefined;
  let problem: string | undefined;
  let watched: readonly string[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking: Promise<void> | undefined;

  const readOne = async (run: string, kind: TailKind): Promise<void> => {
    const state = read.get(run) ?? unread();
    read.set(run, state);
    for (let more = true; more && !signal.aborted; ) {
      const tail = await source.tail(run, kind, state.since[kind], signal);
      if (tail === undefined) return;
      const isOther = tail.file !== state.since[kind].file;
      const before = isOther ? { ...state.content, ...emptied[kind] } : state.content;
      state.content = adding[kind](before, tail.text);
      state.since[kind] = { next: tail.next, file: tail.file };
      more = tail.more;
      if (tail.text !== "") onChange();
    }
  };
  const look = async () => {
    try {
      list = await source.list(signal);
      for (const run of watched) for (const kind of ["metrics", "probes"] as const) await readOne(run, kind);
      problem = undefined;
    } catch (error) {
      if (signal.aborted) return;
      problem = (error as Error).message;
    }
    onChange();
  };
  const again = () => {
    clearTimeout(timer);
    if (signal.aborted) return;
    looking ??= (document.hidden ? Promise.resolve() : look()).finally(() => {
      looking = undefined;
      if (source.isLive && !signal.aborted) timer = setTimeout(again, EVERY);
    });
  };
  again();
  return {
    get list() {
      return list;
    },
    get problem() {
      return problem;
    },
    contentOf: (run) => read.get(run)?.content ?? noContent,
    watch(runs) {
      const isNew = runs.some((run) => !watched.includes(run));
      watched = runs;
      if (!isNew) return;
      if (looking === undefined) again();
      else void looking.then(again);
    },
    close() {
      clearTimeout(timer);
      ending.abort();
    },
  };
}
