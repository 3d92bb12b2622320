/** Time as a limiter needs it; tests bring their own. */
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

export interface RateLimits {
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
}

/** Holds requests back so that no minute sees more requests or tokens than allowed. */
export interface Limiter {
  /** Waits for room for one request of about this many tokens. First come, first served. */
  enter(tokens: number, signal: AbortSignal): Promise<void>;
  /** Lets nobody in for a while, as a server asks with Retry-After. */
  pause(milliseconds: number): void;
}

const minute = 60_000;

export function createLimiter(limits: RateLimits, clock: Clock = systemClock): Limiter {
  const { requestsPerMinute = Number.POSITIVE_INFINITY, tokensPerMinute = Number.POSITIVE_INFINITY } = limits;
  let entered: { readonly at: number; readonly tokens: number }[] = [];
  let closedUntil = 0;
  let queue = Promise.resolve();

  /** Milliseconds until there may be room; 0 when there is. */
  const wait = (tokens: number): number => {
    const now = clock.now();
    entered = entered.filter(({ at }) => now - at < minute);
    const used = entered.reduce((sum, request) => sum + request.tokens, 0);
    // A request larger than the limit goes alone: waiting longer would not help it.
    const fits = entered.length === 0 || used + tokens <= tokensPerMinute;
    if (now < closedUntil) return closedUntil - now;
    if (entered.length < requestsPerMinute && fits) return 0;
    return minute - (now - entered[0].at);
  };
  const turn = async (tokens: number, signal: AbortSignal) => {
    signal.throwIfAborted();
    for (let ms = wait(tokens); ms > 0; ms = wait(tokens)) await clock.sleep(ms, signal);
    entered.push({ at: clock.now(), tokens });
  };
  return {
    enter(tokens, signal) {
      const entered = queue.then(() => turn(tokens, signal));
      queue = entered.catch(() => {});
      return entered;
    },
    pause(milliseconds) {
      closedUntil = Math.max(closedUntil, clock.now() + milliseconds);
    },
  };
}

/** How long a run waits for a server that turns it away. */
export interface Patience {
  /**
   * Milliseconds to wait where so many are wanted, at most {@link longestWait}; undefined when the time is used up. What
   * several questions wait at the same time counts once.
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
