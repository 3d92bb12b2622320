import { Presets, SingleBar } from "cli-progress";
import { shownLine } from "../common/shown-text.ts";
import type { RunProgress } from "../harness/run/run.ts";
import { stopOf } from "./progress.ts";
import { say } from "./say.ts";

/** The state of a run on standard error: a line that changes on a terminal; in a pipe notes alone. */
export interface RunProgressLine {
  readonly at: (progress: RunProgress) => void;
  readonly note: (note: string) => void;
  readonly end: () => void;
}

/** Silent but for notes with `quiet`, and where standard error is no terminal. */
export function runProgress(label: string, quiet: boolean): RunProgressLine {
  const note = (text: string) => say(`${label}: ${text}`);
  if (quiet || !process.stderr.isTTY) return { at() {}, note, end() {} };
  return onTerminal(label, note);
}

function onTerminal(label: string, note: (text: string) => void): RunProgressLine {
  const format = `${shownLine(label)} {bar} {value}/{total} · {state} · {eta_formatted} left`;
  const options = { format, stream: process.stderr, hideCursor: true, clearOnComplete: true };
  const bar = new SingleBar(options, Presets.shades_classic);
  let started = false;
  return {
    at(progress) {
      if (started) return bar.update(progress.done, { state: stateOf(progress) });
      started = true;
      bar.start(progress.total, progress.done, { state: stateOf(progress) });
    },
    note(text) {
      process.stderr.write("\r\x1b[K");
      note(text);
    },
    end: stopOf(bar),
  };
}

function stateOf({ done, right, unparsable, cost, waiting }: RunProgress): string {
  const share = done === 0 ? "-" : ((100 * right) / done).toFixed(1);
  const parts = [`${share} % right`];
  if (unparsable > 0) parts.push(`${unparsable} unparsable`);
  if (cost) parts.push(`$${cost.toFixed(2)}`);
  if (waiting !== undefined) parts.push(`waiting ${waiting} s for the server`);
  return parts.join(" · ");
}
