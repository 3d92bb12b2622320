/** Work that goes on in steps with names: what a command does now, and of how many it is which. */
import { formatSeconds } from "../common/duration.ts";
import { type Count, createPace, type Pace, paceText } from "../common/pace.ts";
import { openTeller, type Surroundings, standardError } from "./progress.ts";

/** What a command says on standard error while one waits. */
export interface Patience {
  /** What goes on now, for example "opening full"; `count`: how many are done before it, of how many. */
  readonly say: (what: string, count?: Count) => void;
  /** Takes the line off a terminal, before something is written that does not go through `say`. */
  readonly clear: () => void;
  readonly end: () => void;
}

/** Commands that are done before say nothing, on a terminal either. */
const silentMilliseconds = 2000;

/** Says what goes on, from two seconds on: on a terminal in a line that changes, otherwise in a line now and then. */
export function patience(command: string, around: Surroundings = standardError): Patience {
  const start = around.now();
  let what = "";
  let counted: { readonly count: Count; readonly pace: Pace } | undefined;
  const parts = (now: number) => [
    what,
    formatSeconds((now - start) / 1000),
    ...(counted === undefined ? [] : paceText(counted.count, counted.pace, now)),
  ];
  const share = () => (counted && counted.count.total > 0 ? counted.count.done / counted.count.total : 1);
  const shown = () => ({ parts, share: share() });
  const teller = openTeller(command, shown, { silent: silentMilliseconds, around });
  return {
    say(next, count) {
      const isNews = next !== what && (count === undefined || counted === undefined);
      what = next;
      if (count !== undefined) {
        const pace =
          counted?.count.total === count.total ? counted.pace : createPace(count.done, around.now());
        pace.at(count.done, around.now());
        counted = { count, pace };
      } else counted = undefined;
      teller.changed(isNews);
    },
    clear: teller.clear,
    end: teller.end,
  };
}

/** The same around one piece of work. */
export async function whileWaiting<T>(command: string, what: string, work: () => Promise<T>): Promise<T> {
  const waiting = patience(command);
  waiting.say(what);
  return work().finally(waiting.end);
}
