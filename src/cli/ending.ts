/** How the program ends: output that cannot be written, faults of the system in one line, no wait for what is left over. */

import { stripVTControlCharacters } from "node:util";
import { UserError } from "../common/errors.ts";
import { systemFault } from "../common/faults.ts";
import { endNativeCalls } from "../common/native-calls.ts";
import { missingPackage } from "../common/optional.ts";
import { askToEnd } from "../common/signals.ts";
import { say, sayFault } from "./say.ts";

/**
 * Nobody reads standard output (`fovea ... | head -1`) or standard error any more: the program ends without a word, and a
 * command that saves does so first. A standard output that cannot be written is said; a terminal that is gone is not.
 */
export function watchOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return askToEnd("SIGPIPE");
    if (error.code === "EIO") return;
    end(new UserError(`standard output cannot be written: ${error.message}`));
  });
  process.stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") askToEnd("SIGPIPE");
  });
}

/** Says what stopped the command; a mistake of the user's, a missing package and a fault of the system in one line. */
export function tell(error: Error): number {
  const isSaid = error instanceof UserError || error.name === "CLIError";
  const known = isSaid ? error : (missingPackage(error) ?? systemFault(error));
  if (known === undefined) sayFault(error);
  else say(stripVTControlCharacters(`fovea: ${known.message}`));
  return error instanceof UserError ? error.code : 1;
}

function end(error: Error): void {
  const code = tell(error);
  void endNativeCalls().then(() => process.exit(code));
}

/** Ends the process once what was printed is on its way, whatever threads and timers are left: at the end of passes under way. */
export async function endWith(code: number): Promise<never> {
  const flushed = [process.stdout, process.stderr].map(
    (stream) => new Promise<void>((done) => stream.write("", () => done())),
  );
  await Promise.all([...flushed, endNativeCalls()]);
  process.exit(code);
}
