import { Presets, SingleBar } from "cli-progress";

/** A line on standard error that fills up; silent where that is no terminal. */
export interface ProgressLine {
  readonly at: (done: number) => void;
  readonly end: () => void;
}

export function progressLine(label: string, total: number): ProgressLine {
  if (!process.stderr.isTTY) return { at() {}, end() {} };
  const format = `${label} {bar} {value}/{total} · {eta_formatted} left`;
  const options = { format, stream: process.stderr, hideCursor: true, clearOnComplete: true };
  const bar = new SingleBar(options, Presets.shades_classic);
  bar.start(total, 0);
  return { at: (done) => bar.update(done), end: () => bar.stop() };
}
