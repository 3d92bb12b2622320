import { UserError } from "../../common/errors.ts";
import { type RunOptions, type RunResult, runModel } from "../../harness/run/run.ts";
import { runProgress } from "../run-progress.ts";

interface Signals {
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
}

/**
 * Asks what is still open, with progress on standard error. Throws a `UserError` when questions are left without an
 * answer; one that was interrupted ends the process with a code of its own.
 */
export async function runToEnd(options: RunOptions, label: string, quiet: boolean): Promise<RunResult> {
  const result = await interruptible((signals) => askWithProgress(options, signals, label, quiet));
  const { progress, unanswered, stopped, failure } = result;
  if (unanswered === 0) return result;
  const why = stopped === undefined ? "some questions have no answer" : endings[stopped];
  const tail = failure === undefined ? "" : ` (${failure})`;
  const message = `eval: ${why}: ${progress.done} of ${progress.total} answered${tail}; run the same command again to continue`;
  throw new UserError(message, { code: Number(process.exitCode) || 1 });
}

const endings = {
  interrupted: "stopped",
  cost: "stopped before the cost could exceed --max-cost",
  failures: "stopped after failures in a row",
} as const;

async function askWithProgress(
  options: RunOptions,
  signals: Signals,
  label: string,
  quiet: boolean,
): Promise<RunResult> {
  const line = runProgress(label, quiet);
  try {
    return await runModel({ ...options, ...signals, onProgress: line.at, onNote: line.note });
  } finally {
    line.end();
  }
}

/** How long questions under way are waited for after Ctrl-C, milliseconds. */
const grace = 5000;

/**
 * Runs `work` with signals that Ctrl-C and a request to end set: the first stops asking and waits a little for what is
 * under way, the second breaks it off.
 */
async function interruptible(work: (signals: Signals) => Promise<RunResult>): Promise<RunResult> {
  const [stop, abort] = [new AbortController(), new AbortController()];
  let timer: NodeJS.Timeout | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    process.exitCode = signal === "SIGTERM" ? 143 : 130;
    if (stop.signal.aborted) return abort.abort();
    stop.abort();
    timer = setTimeout(() => abort.abort(), grace);
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  try {
    return await work({ stop: stop.signal, abort: abort.signal });
  } finally {
    clearTimeout(timer);
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}
