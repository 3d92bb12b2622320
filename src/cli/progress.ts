/**
 * What goes on, on standard error: on a terminal in one line that changes, elsewhere (a log, a pipe) in lines now and then,
 * none of them for work that is done within seconds.
 */
import { formatSeconds } from "../common/duration.ts";
import {
  bytes,
  type Count,
  createPace,
  lineSchedule,
  type Pace,
  paceText,
  things,
  type Unit,
} from "../common/pace.ts";
import { shownLine } from "../common/shown-text.ts";
import { cleanOnSuddenEnd } from "../common/signals.ts";
import { beforePrinting } from "./say.ts";

/** Where a line is shown, and by which clock; tests bring their own. */
export interface Surroundings {
  readonly stream: Pick<NodeJS.WriteStream, "write" | "isTTY" | "columns">;
  /** Milliseconds. */
  readonly now: () => number;
  /** Calls `tick` again and again; the result ends that. */
  readonly everyHalfSecond: (tick: () => void) => () => void;
}

export const standardError: Surroundings = {
  stream: process.stderr,
  now: () => performance.now(),
  everyHalfSecond(tick) {
    const timer = setInterval(tick, 500);
    timer.unref();
    return () => clearInterval(timer);
  },
};

/** What is shown of work now. */
export interface Shown {
  /** Parts of the line, joined by dots. */
  readonly parts: (now: number) => readonly string[];
  /** Share of the work that is done, 0 to 1, where it is counted. */
  readonly share?: number;
}

/** One line that shows what `shown` gives, from `silent` milliseconds on. */
export interface Teller {
  /** Something changed; with `isNews` something that is worth a line of its own. */
  changed(isNews?: boolean): void;
  /** Takes the line off a terminal, as `say` does by itself; it comes back with the next change. */
  clear(): void;
  end(): void;
}

/** Changes on a terminal closer together than this are shown with the next one. */
const frameMilliseconds = 80;

export function openTeller(
  label: string,
  shown: () => Shown,
  { silent = 0, around = standardError }: { readonly silent?: number; readonly around?: Surroundings } = {},
): Teller {
  const { stream, now } = around;
  const start = now();
  const schedule = lineSchedule(start);
  let drawnAt = Number.NEGATIVE_INFINITY;
  const text = (at: number) => `${shownLine(label)}: ${shownLine(shown().parts(at).join(" · "))}`;
  const draw = (at: number) => {
    drawnAt = at;
    stream.write(`\r\x1b[K${cut(text(at), (stream.columns || 80) - 1)}`);
  };
  const clear = () => {
    if (stream.isTTY && drawnAt > Number.NEGATIVE_INFINITY) stream.write("\r\x1b[K");
  };
  const look = (isNews: boolean, isTick: boolean) => {
    const at = now();
    if (at - start < silent) return;
    if (stream.isTTY) {
      if (isTick || at - drawnAt >= frameMilliseconds) draw(at);
    } else if (isNews ? schedule.dueNews(at) : schedule.due(at, shown().share)) stream.write(`${text(at)}\n`);
  };
  const stop = around.everyHalfSecond(() => look(false, true));
  const settled = stream.isTTY ? [cleanOnSuddenEnd(clear), beforePrinting(clear)] : [];
  let ended = false;
  return {
    changed: (isNews = false) => look(isNews, false),
    clear,
    end() {
      if (ended) return;
      ended = true;
      stop();
      for (const settle of settled) settle();
      clear();
    },
  };
}

/** A line longer than the terminal is wide would not be taken off again. */
function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Work of a known size: how much is done, how fast, and how long the rest takes. */
export interface ProgressLine {
  /** So much is done; `state`: what else is to be said of it. */
  readonly at: (done: number, state?: string) => void;
  readonly end: () => void;
}

export interface ProgressOptions {
  /** What was done before. */
  readonly before?: number;
  readonly unit?: Unit;
  readonly around?: Surroundings;
}

export function progressLine(label: string, total: number, options: ProgressOptions = {}): ProgressLine {
  const { before = 0, unit = things, around = standardError } = options;
  const pace = createPace(before, around.now());
  const start = around.now();
  let count: Count = { done: before, total };
  let said: string | undefined;
  const teller = openTeller(
    label,
    () => ({
      parts: (now) => [
        ...(around.stream.isTTY ? [bar(count)] : []),
        `${unit.amount(count.done)} of ${unit.amount(total)}`,
        ...(said === undefined ? [] : [said]),
        ...pacedOrSince(count, pace, now, start, unit),
      ],
      share: total === 0 ? 1 : count.done / total,
    }),
    { around },
  );
  return {
    at(done, state) {
      count = { done, total };
      said = state;
      pace.at(done, around.now());
      teller.changed();
    },
    end: teller.end,
  };
}

/** Speed and time left, or, before anything is known of them, how long it has been. */
function pacedOrSince(count: Count, pace: Pace, now: number, start: number, unit: Unit): string[] {
  const paced = paceText(count, pace, now, unit);
  return paced.length > 0 ? paced : [formatSeconds((now - start) / 1000)];
}

const barWidth = 20;

function bar({ done, total }: Count): string {
  const full = total === 0 ? barWidth : Math.min(barWidth, Math.round((barWidth * done) / total));
  return "█".repeat(full) + "░".repeat(barWidth - full);
}

/** The same for bytes, of which the total comes with the first call. */
export function byteProgress(label: string, around: Surroundings = standardError) {
  let line: ProgressLine | undefined;
  return {
    at(done: number, total: number) {
      line ??= progressLine(label, total, { unit: bytes, around });
      line.at(done);
    },
    end: () => line?.end(),
  };
}
