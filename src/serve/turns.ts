/** Requests that come one after the other to their turn: a bounded number waits, and who leaves leaves at once. */
import { overloaded } from "./api-error.ts";
import { noLongerWanted } from "./failure.ts";

export interface Turns {
  /** Waiting for their turn. */
  readonly waiting: number;
  /** 1 while somebody has the turn. */
  readonly running: number;
  /** Throws an `ApiError` of status 503 when no more may wait. */
  mustHaveRoom(): void;
  /** Runs `action` when its turn comes; rejects at once when `signal` is aborted before that. */
  take<T>(signal: AbortSignal, action: () => Promise<T>): Promise<T>;
  /** When nobody waits or runs. */
  idle(): Promise<void>;
}

export function oneByOne(mostWaiting: number): Turns {
  const line = new Set<() => void>();
  let running = 0;
  let whenIdle: (() => void)[] = [];
  const next = () => {
    const [start] = line;
    if (start !== undefined) return start();
    for (const resolve of whenIdle) resolve();
    whenIdle = [];
  };
  const mustHaveRoom = () => {
    if (running > 0 && line.size >= mostWaiting) throw overloaded(`${mostWaiting} requests are waiting`);
  };
  /** Resolves when the turn has come. */
  const turn = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const leave = () => {
        line.delete(start);
        reject(noLongerWanted());
      };
      const start = () => {
        line.delete(start);
        signal.removeEventListener("abort", leave);
        running++;
        resolve();
      };
      signal.addEventListener("abort", leave, { once: true });
      line.add(start);
    });
  return {
    get waiting() {
      return line.size;
    },
    get running() {
      return running;
    },
    mustHaveRoom,
    async take(signal, action) {
      if (signal.aborted) throw noLongerWanted();
      if (running === 0) running++;
      else {
        mustHaveRoom();
        await turn(signal);
      }
      try {
        return await action();
      } finally {
        running--;
        next();
      }
    },
    async idle() {
      if (running > 0 || line.size > 0) await new Promise<void>((resolve) => whenIdle.push(resolve));
    },
  };
}
