import { expect, it, vi } from "vitest";
import { patience } from "../../src/cli/patience.ts";
import { byteProgress, progressLine, type Surroundings } from "../../src/cli/progress.ts";
import { runProgress } from "../../src/cli/run-progress.ts";
import { say } from "../../src/cli/say.ts";
import { createPace, lineSchedule } from "../../src/common/pace.ts";

/** Standard error and a clock, which goes on when it is told to; every half second the line is looked at. */
function around(isTTY: boolean, columns = 200) {
  const written: string[] = [];
  const ticks = new Set<() => void>();
  let time = 0;
  const surroundings: Surroundings = {
    stream: { isTTY, columns, write: (text: string) => written.push(text) > 0 } as Surroundings["stream"],
    now: () => time,
    everyHalfSecond(tick) {
      ticks.add(tick);
      return () => ticks.delete(tick);
    },
  };
  const pass = (seconds: number) => {
    for (let i = 0; i < 2 * seconds; i++) {
      time += 500;
      for (const tick of ticks) tick();
    }
  };
  return { surroundings, written, pass, ticks };
}

it("writes a line after ten seconds, then at each twentieth, thirty seconds apart", () => {
  const { surroundings, written, pass } = around(false);
  const line = progressLine("eval data", 800, { around: surroundings });
  for (let done = 1; done <= 200; done++) {
    pass(1);
    line.at(done);
  }
  line.end();
  expect(written.slice(0, 3)).toEqual([
    "eval data: 9 of 800 · 1.1 s each · 14 min 39 s left\n",
    "eval data: 49 of 800 · 1.0 a second · 12 min 31 s left\n",
    "eval data: 89 of 800 · 1.0 a second · 11 min 51 s left\n",
  ]);
  expect(written).toHaveLength(5);
});

it("writes nothing where work is done within ten seconds, and after five minutes in which nothing was done", () => {
  const { surroundings, written, pass, ticks } = around(false);
  const short = progressLine("eval data", 9, { around: surroundings });
  for (let done = 1; done <= 9; done++) {
    pass(1);
    short.at(done);
  }
  short.end();
  expect([written, ticks.size]).toEqual([[], 0]);
  const stuck = progressLine("eval data", 9, { around: surroundings });
  pass(700);
  stuck.end();
  expect(written).toEqual([
    "eval data: 0 of 9 · 10 s\n",
    "eval data: 0 of 9 · 5 min 10 s\n",
    "eval data: 0 of 9 · 10 min 10 s\n",
  ]);
});

it("counts the speed of the last two minutes, without what was done before", () => {
  const pace = createPace(500, 0);
  expect(pace.perSecond(60_000)).toBeUndefined();
  for (let second = 1; second <= 300; second++) pace.at(500 + second, 1000 * second);
  expect(pace.perSecond(300_000)).toBeCloseTo(1);
  for (let second = 301; second <= 600; second++) pace.at(800 + 3 * (second - 300), 1000 * second);
  expect(pace.perSecond(600_000)).toBeCloseTo(3);
});

it("has one line on a terminal, which is cut to its width and taken off at the end", () => {
  const { surroundings, written, pass } = around(true, 30);
  const line = progressLine("lens", 4, { around: surroundings });
  pass(4);
  line.at(2, "50.0 % right");
  pass(0.5);
  line.end();
  line.end();
  expect(written.at(-2)).toBe("\r\x1b[Klens: ██████████░░░░░░░░░░ ·…");
  expect(written.at(-1)).toBe("\r\x1b[K");
  expect(written.every((text) => text.startsWith("\r\x1b[K") && !text.includes("\n"))).toBe(true);
});

it("says what goes on from two seconds on, and the time left where pictures are counted", () => {
  const { surroundings, written, pass } = around(true);
  const waiting = patience("lens", surroundings);
  waiting.say("opening full");
  pass(1.5);
  expect(written).toEqual([]);
  pass(1);
  expect(written.at(-1)).toBe("\r\x1b[Klens: opening full · 3 s");
  for (let done = 0; done < 3; done++) {
    waiting.say(`picture ${done + 1} of 4`, { done, total: 4 });
    pass(12);
  }
  expect(written.at(-1)).toContain("lens: picture 3 of 4 · 39 s · 18 s each · 36 s left");
  waiting.end();
  expect(written.at(-1)).toBe("\r\x1b[K");
});

it("is taken off a terminal before something else is said, and not after its end", () => {
  const { surroundings, written, pass } = around(true);
  const said = vi.spyOn(console, "error").mockImplementation(() => void written.push("said\n"));
  const waiting = patience("lens", surroundings);
  waiting.say("opening full");
  pass(3);
  say("a note");
  expect(written.slice(-3)).toEqual(["\r\x1b[Klens: opening full · 3 s", "\r\x1b[K", "said\n"]);
  waiting.end();
  say("another");
  expect(written.slice(-2)).toEqual(["\r\x1b[K", "said\n"]);
  said.mockRestore();
  written.length = 0;
  pass(3);
  expect(written).toEqual([]);
});

it("gives what is new a line of its own in a log, ten seconds apart", () => {
  const { surroundings, written, pass } = around(false);
  const waiting = patience("segment", surroundings);
  waiting.say("opening full");
  pass(3);
  waiting.say("cat.png");
  pass(8);
  waiting.say("dog.png");
  pass(9.5);
  waiting.say("cow.png");
  pass(3);
  waiting.say("owl.png");
  waiting.end();
  expect(written).toEqual(["segment: cat.png · 10 s\n", "segment: cow.png · 21 s\n"]);
});

it("counts bytes in megabytes", () => {
  const { surroundings, written, pass } = around(false);
  const line = byteProgress("pull OWNER/NAME", surroundings);
  line.at(0, 500e6);
  pass(9);
  line.at(90e6, 500e6);
  pass(1);
  line.end();
  expect(written).toEqual(["pull OWNER/NAME: 90.0 MB of 500.0 MB · 9.0 MB a second · 46 s left\n"]);
});

it("shows a run's state, and first what goes on before it", () => {
  const { surroundings, written, pass } = around(false);
  const line = runProgress("eval pets", "opening \x1b[31mfull", surroundings);
  pass(11);
  line.at({ done: 4, total: 20, before: 4, right: 3, unparsable: 1 });
  pass(2);
  line.at({ done: 8, total: 20, before: 4, right: 6, unparsable: 1, waiting: 30, cost: 0.5 });
  pass(9);
  line.end();
  expect(written).toEqual([
    "eval pets: opening ␛[31mfull · 10 s\n",
    "eval pets: 8 of 20 · 75.0 % right · 1 unparsable · $0.50 · waiting 30 s for the server · 2.5 s each · 30 s left\n",
  ]);
});

it("makes no more than a few dozen lines of any work", () => {
  for (const seconds of [20, 600, 36_000]) {
    const schedule = lineSchedule(0);
    let lines = 0;
    for (let s = 0; s <= seconds; s++) if (schedule.due(1000 * s, s / seconds)) lines++;
    expect(lines).toBeLessThanOrEqual(Math.max(21, seconds / 300 + 1));
    expect(lines).toBeGreaterThanOrEqual(1);
  }
});
