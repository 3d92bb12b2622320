/** Time as waiting needs it; tests bring their own. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Rejects with the signal's reason when it is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(milliseconds, signal) {
    signal.throwIfAborted();
    for (let left = milliseconds; left > 0; left -= longestTimer)
      await nap(Math.min(left, longestTimer), signal);
  },
};

/** `setTimeout` takes longer times for none: a wait would become a busy loop. */
const longestTimer = 2 ** 31 - 1;

async function nap(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  await promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  });
}

/** How long a server that turns everything away is waited for. */
export interface Patience {
  /**
   * Milliseconds to wait where so many are wanted, at most {@link longestWait}; undefined when the time is used up. What
   * several wait at the same time counts once.
   */
  take(milliseconds: number): number | undefined;
  /** An answer came: the time begins anew. */
  renew(): void;
}

/** Milliseconds after which a server is asked again, whatever it says. */
export const longestWait = 300_000;

export function createPatience(limit: number, clock: Clock = systemClock): Patience {
  let waited = 0;
  let until = clock.now();
  return {
    take(milliseconds) {
      const now = clock.now();
      const common = Math.max(0, until - now);
      const left = common + limit - waited;
      if (left <= 0) return undefined;
      const wait = Math.min(milliseconds, longestWait, left);
      waited += Math.max(0, wait - common);
      until = Math.max(until, now + wait);
      return wait;
    },
    renew() {
      waited = 0;
    },
  };
}

/** Milliseconds for people. */
export function time(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds < 600) return `${seconds} s`;
  if (seconds < 36_000) return `${Math.ceil(seconds / 60)} minutes`;
  return seconds < 3 * 86_400 ? `${Math.ceil(seconds / 3600)} hours` : `${Math.ceil(seconds / 86_400)} days`;
}
