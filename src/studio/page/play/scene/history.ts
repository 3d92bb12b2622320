/** Steps back and forth. Plain data: each step is what was shown. */

export interface History<T> {
  readonly past: readonly T[];
  readonly now: T;
  readonly future: readonly T[];
}

/** Steps that are kept. */
const most = 200;

export function startHistory<T>(now: T): History<T> {
  return { past: [], now, future: [] };
}

/** A new step; what had been undone is gone. */
export function addStep<T>({ past, now }: History<T>, next: T): History<T> {
  return { past: [...past, now].slice(-most), now: next, future: [] };
}

/** The present changed without a step: while something is dragged. */
export function replaceNow<T>(history: History<T>, now: T): History<T> {
  return { ...history, now };
}

/** Unchanged where there is nothing to undo. */
export function undo<T>(history: History<T>): History<T> {
  const { past, now, future } = history;
  if (past.length === 0) return history;
  return { past: past.slice(0, -1), now: past[past.length - 1], future: [now, ...future] };
}

/** Unchanged where nothing was undone. */
export function redo<T>(history: History<T>): History<T> {
  const { past, now, future } = history;
  if (future.length === 0) return history;
  return { past: [...past, now], now: future[0], future: future.slice(1) };
}
