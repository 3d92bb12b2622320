import { shownLine } from "../common/shown-text.ts";

/** What a command says on standard error while one waits. */
export interface Patience {
  /** What goes on now, for example "opening full". */
  readonly say: (what: string) => void;
  readonly end: () => void;
}

/** Commands that are done before say nothing. */
const silentMilliseconds = 2000;

/** Off a terminal, a line at most every so many milliseconds. */
const lineMilliseconds = 10_000;

/**
 * Says what goes on, from two seconds on: on a terminal in a line that changes and shows the seconds, otherwise in a line
 * now and then.
 */
export function patience(command: string, stream = process.stderr): Patience {
  const start = performance.now();
  let what = "";
  let said = "";
  let saidAt = Number.NEGATIVE_INFINITY;
  const show = () => {
    const now = performance.now();
    if (stream.isTTY) stream.write(`\r\x1b[K${command}: ${what} · ${Math.round((now - start) / 1000)} s`);
    else if (what === said || now - saidAt < lineMilliseconds) return;
    else stream.write(`${command}: ${what}\n`);
    [said, saidAt] = [what, now];
  };
  const timer = setInterval(() => {
    if (performance.now() - start >= silentMilliseconds) show();
  }, 500);
  timer.unref();
  return {
    say(next) {
      what = shownLine(next);
      if (performance.now() - start >= silentMilliseconds) show();
    },
    end() {
      clearInterval(timer);
      if (stream.isTTY && said !== "") stream.write("\r\x1b[K");
    },
  };
}
