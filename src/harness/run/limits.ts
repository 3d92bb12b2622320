import { type Clock, systemClock } from "../../common/waiting.ts";

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
