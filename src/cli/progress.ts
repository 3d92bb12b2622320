import { Presets, SingleBar } from "cli-progress";
import { shownLine } from "../common/shown-text.ts";
import { cleanOnSuddenEnd } from "../common/signals.ts";

/** A line on standard error that fills up; silent where that is no terminal. */
export interface ProgressLine {
  readonly at: (done: number) => void;
  readonly end: () => void;
}

export function progressLine(label: string, total: number): ProgressLine {
  if (!process.stderr.isTTY) return { at() {}, end() {} };
  const format = `${shownLine(label)} {bar} {value}/{total} · {eta_formatted} left`;
  const options = { format, stream: process.stderr, hideCursor: true, clearOnComplete: true };
  const bar = new SingleBar(options, Presets.shades_classic);
  bar.start(total, 0);
  return { at: (done) => bar.update(done), end: stopOf(bar) };
}

/** The same for bytes, of which the total comes with the first call. */
export function byteProgress(label: string): {
  readonly at: (done: number, total: number) => void;
  readonly end: () => void;
} {
  if (!process.stderr.isTTY) return { at() {}, end() {} };
  const bar = new SingleBar(
    {
      format: `${shownLine(label)} {bar} {value}/{total} MB · {eta_formatted} left`,
      formatValue: (value, _, type) =>
        type === "total" || type === "value" ? megabytes(value) : String(value),
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      etaBuffer: 200,
    },
    Presets.shades_classic,
  );
  let started = false;
  return {
    at(done, total) {
      if (!started) bar.start(total, 0);
      started = true;
      bar.update(done);
    },
    end: stopOf(bar),
  };
}

/** Stops the bar, which shows the cursor again: a signal that ends the process does so, too. */
export function stopOf(bar: { stop(): void }): () => void {
  const settled = cleanOnSuddenEnd(() => bar.stop());
  return () => {
    settled();
    bar.stop();
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
