/** What a model is asked and what it said: the newest wish wins, an older result stays until the new one is there. */

export interface Ask<R> {
  /** What was said last, and to which wish. */
  readonly result: R | undefined;
  readonly resultKey: string | undefined;
  /** Why the wish of now has no answer, in one line. */
  readonly failed: string | undefined;
  readonly busy: boolean;
  /** Asks unless the key is the one that is asked for already; undefined: nothing is wanted any more. */
  want(key: string | undefined, work: (signal: AbortSignal) => Promise<R>): void;
}

/** Results kept for going back and forth. */
const kept = 8;

export function openAsk<R>(onChange: () => void): Ask<R> {
  const known = new Map<string, R>();
  let wanted: string | undefined;
  let running: AbortController | undefined;
  let shown: { readonly key: string; readonly result: R } | undefined;
  let failed: string | undefined;
  const keep = (key: string, result: R) => {
    known.delete(key);
    known.set(key, result);
    if (known.size > kept) known.delete(known.keys().next().value as string);
    shown = { key, result };
  };
  const start = async (key: string, work: (signal: AbortSignal) => Promise<R>) => {
    const controller = new AbortController();
    running = controller;
    try {
      const result = await work(controller.signal);
      if (running === controller) keep(key, result);
    } catch (error) {
      if (running === controller) failed = (error as Error).message;
    }
    if (running !== controller) return;
    running = undefined;
    onChange();
  };
  return {
    get result() {
      return shown?.result;
    },
    get resultKey() {
      return shown?.key;
    },
    get failed() {
      return failed;
    },
    get busy() {
      return running !== undefined;
    },
    want(key, work) {
      if (key === wanted) return;
      wanted = key;
      failed = undefined;
      running?.abort();
      running = undefined;
      if (key === undefined) {
        shown = undefined;
        return;
      }
      const old = known.get(key);
      if (old !== undefined) keep(key, old);
      else void start(key, work);
    },
  };
}
