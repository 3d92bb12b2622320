/** One signal that is aborted with the first of several. */
export interface JoinedSignal {
  readonly signal: AbortSignal;
  abort(): void;
  /** Forgets the others: `AbortSignal.any` would be kept by one that lives as long as the server. */
  release(): void;
}

export function joinedSignal(signals: readonly AbortSignal[]): JoinedSignal {
  const controller = new AbortController();
  const abort = () => controller.abort();
  for (const signal of signals) {
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  }
  return {
    signal: controller.signal,
    abort,
    release() {
      for (const signal of signals) signal.removeEventListener("abort", abort);
    },
  };
}
