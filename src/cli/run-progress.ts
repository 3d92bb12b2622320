import type { RunProgress } from "../harness/run/run.ts";
import { patience } from "./patience.ts";
import { type ProgressLine, progressLine, type Surroundings, standardError } from "./progress.ts";
import { say } from "./say.ts";

/** The state of a run on standard error, and notes between. */
export interface RunProgressLine {
  readonly at: (progress: RunProgress) => void;
  readonly note: (note: string) => void;
  readonly end: () => void;
}

/** `before`: what goes on until the first progress. */
export function runProgress(
  label: string,
  before: string,
  around: Surroundings = standardError,
): RunProgressLine {
  const waiting = patience(label, around);
  waiting.say(before);
  let line: ProgressLine | undefined;
  return {
    at(progress) {
      waiting.end();
      const { done, total } = progress;
      line ??= progressLine(label, total, { before: done, around });
      line.at(done, stateOf(progress));
    },
    note: (text) => say(`${label}: ${text}`),
    end() {
      waiting.end();
      line?.end();
    },
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
