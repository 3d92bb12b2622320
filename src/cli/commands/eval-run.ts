import { UserError } from "../../common/errors.ts";
import { stopInOrder } from "../../common/signals.ts";
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
export async function runToEnd(options: RunOptions, label: string): Promise<RunResult> {
  const result = await interruptible((signals) => askWithProgress(options, signals, label));
  const { progress, unanswered, stopped, failure, code = 1 } = result;
  if (unanswered === 0) return result;
  const why = stopped === undefined ? "some questions have no answer" : endings[stopped];
  const tail = failure === undefined ? "" : ` (${failure})`;
  const message = `eval: ${why}: ${progress.done} of ${progress.total} answered${tail}; run the same command again to continue`;
  throw new UserError(message, { code });
}

const endings = {
  interrupted: "stopped",
  cost: "stopped before the cost could exceed --max-cost",
  wait: "stopped, since the server turned everything away for --max-wait seconds",
  failures: "stopped after failures in a row",
} as const;

async function askWithProgress(options: RunOptions, signals: Signals, label: string): Promise<RunResult> {
  const line = runProgress(label, `opening ${options.model}`);
  try {
    return await runModel({ ...options, ...signals, onProgress: line.at, onNote: line.note });
  } finally {
    line.end();
  }
}

/** How long questions under way are waited for after Ctrl-C, milliseconds. */
const grace = 5000;

/**
 * Runs `work` with signals that Ctrl-C, a hang-up and a request to end set: the first stops asking and waits a little for
 * what is under way, the second breaks it off, the third ends the process. `code` is for the process's end.
 */
async function interruptible(
  work: (signals: Signals) => Promise<RunResult>,
): Promise<RunResult & { readonly code: number | undefined }> {
  const abort = new AbortController();
  const stop = stopInOrder(() => abort.abort());
  let timer: NodeJS.Timeout | undefined;
  stop.signal.addEventListener("abort", () => {
    timer = setTimeout(() => abort.abort(), grace);
  });
  try {
    const result = await work({ stop: stop.signal, abort: abort.signal });
    return { ...result, code: stop.code };
  } finally {
    clearTimeout(timer);
    stop.release();
  }
}
