/** What a command says on standard error while one waits. */
export interface Patience {
  /** What goes on now, for example "opening full". */
  readonly say: (what: string) => void;
  readonly end: () => void;
}

/** Commands that are done before say nothing. */
const silentMilliseconds = 2000;

/**
 * Says what goes on, from two seconds on: on a terminal in a line that changes and shows the seconds, otherwise a line for
 * each thing that is begun.
 */
export function patience(command: string, stream = process.stderr): Patience {
  const start = performance.now();
  let what = "";
  let said = "";
  const show = () => {
    const seconds = Math.round((performance.now() - start) / 1000);
    if (stream.isTTY) stream.write(`\r\x1b[K${command}: ${what} · ${seconds} s`);
    else if (what !== said) stream.write(`${command}: ${what}\n`);
    said = what;
  };
  const timer = setInterval(() => {
    if (performance.now() - start >= silentMilliseconds) show();
  }, 500);
  timer.unref();
  return {
    say(next) {
      what = next;
      if (performance.now() - start >= silentMilliseconds) show();
    },
    end() {
      clearInterval(timer);
      if (stream.isTTY && said !== "") stream.write("\r\x1b[K");
    },
  };
}
