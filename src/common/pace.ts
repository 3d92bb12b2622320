/** How fast counted work goes, when it will be done, and when it is time to say so. Times are milliseconds of one clock. */
import { formatSeconds } from "./duration.ts";

/** The speed of counted work over the last while: a slow start does not weigh on it for ever. */
export interface Pace {
  /** So many are done now. */
  at(done: number, now: number): void;
  /** Of the last while; undefined while nothing has been done. */
  perSecond(now: number): number | undefined;
}

/** Marks older than this no longer count, but for the last of them. */
const windowMilliseconds = 120_000;

/** Marks closer together than this are one. */
const markMilliseconds = 500;

/** `done`: what was done before the work began, which says nothing about its speed. */
export function createPace(done: number, start: number): Pace {
  const marks = [{ done, at: start }];
  let latest = done;
  return {
    at(next, now) {
      latest = next;
      if (now - marks[marks.length - 1].at < markMilliseconds) return;
      marks.push({ done: next, at: now });
      while (marks.length > 2 && now - marks[1].at > windowMilliseconds) marks.shift();
    },
    perSecond(now) {
      const [first] = marks;
      const seconds = (now - first.at) / 1000;
      return latest > first.done && seconds > 0 ? (latest - first.done) / seconds : undefined;
    },
  };
}

/** What work is at, as far as it is counted. */
export interface Count {
  readonly done: number;
  readonly total: number;
}

/** A number of things for people, and their speed. */
export interface Unit {
  readonly amount: (count: number) => string;
  readonly speed: (perSecond: number) => string;
}

export const things: Unit = {
  amount: String,
  speed(perSecond) {
    if (perSecond < 1) return `${rounded(1 / perSecond)} s each`;
    return `${rounded(perSecond)} a second`;
  },
};

export const bytes: Unit = {
  amount: (count) => `${(count / 1e6).toFixed(1)} MB`,
  speed: (perSecond) => `${rounded(perSecond / 1e6)} MB a second`,
};

const rounded = (value: number) => (value < 10 ? value.toFixed(1) : value.toFixed(0));

/** `3.4 a second · 2 min 5 s left`; nothing where nothing is known yet. */
export function paceText({ done, total }: Count, pace: Pace, now: number, unit: Unit = things): string[] {
  const speed = pace.perSecond(now);
  if (speed === undefined) return [];
  return [unit.speed(speed), `${formatSeconds(Math.max(0, total - done) / speed)} left`];
}

/** When a line is due where lines stay (a log, a pipe). */
export interface Schedule {
  /** Whether one is due now, `share` of the work done; where it is, it counts as written. */
  due(now: number, share?: number): boolean;
  /** The same for something that is new: it does not wait for the work to go on. */
  dueNews(now: number): boolean;
}

const firstMilliseconds = 10_000;
const nextMilliseconds = 30_000;
const nextShare = 0.05;
const longestSilence = 300_000;

/**
 * The first line after ten seconds; then one after every twentieth of the work, but none within thirty seconds of another,
 * and one after five minutes in any case.
 */
export function lineSchedule(start: number): Schedule {
  let [last, lastShare] = [Number.NEGATIVE_INFINITY, 0];
  const isFirst = () => last === Number.NEGATIVE_INFINITY;
  const written = (now: number, share: number) => {
    [last, lastShare] = [now, share];
    return true;
  };
  return {
    due(now, share = 1) {
      if (isFirst()) return now - start >= firstMilliseconds && written(now, share);
      const isFar = share - lastShare >= nextShare || now - last >= longestSilence;
      return isFar && now - last >= nextMilliseconds && written(now, share);
    },
    dueNews(now) {
      return now - Math.max(start, last) >= firstMilliseconds && written(now, lastShare);
    },
  };
}
