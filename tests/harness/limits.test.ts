import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { retryAfterOf } from "../../src/common/retry-after.ts";
import { type Clock, createPatience, longestWait, systemClock } from "../../src/common/waiting.ts";
import { costOf, createBudget, estimateInput, priceOf } from "../../src/harness/run/cost.ts";
import { createLimiter } from "../../src/harness/run/limits.ts";

const never = new AbortController().signal;

/** Time that passes only in sleep. */
function testClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    async sleep(milliseconds) {
      now += Math.max(1, milliseconds);
    },
  };
}

describe("the limiter", () => {
  it("lets no minute see more requests or tokens than allowed", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 100, max: 300 }),
        fc.array(fc.record({ tokens: fc.integer({ min: 1, max: 100 }), gap: fc.nat(20_000) }), {
          maxLength: 30,
        }),
        async (requestsPerMinute, tokensPerMinute, requests) => {
          const clock = testClock();
          const limiter = createLimiter({ requestsPerMinute, tokensPerMinute }, clock);
          const entered: { at: number; tokens: number }[] = [];
          for (const { tokens, gap } of requests) {
            await limiter.enter(tokens, never);
            entered.push({ at: clock.now(), tokens });
            await clock.sleep(gap, never);
          }
          for (const { at } of entered) {
            const minute = entered.filter((one) => one.at >= at && one.at - at < 60_000);
            expect(minute.length).toBeLessThanOrEqual(requestsPerMinute);
            expect(minute.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(tokensPerMinute);
          }
        },
      ),
    );
  });

  it("does not wait without need", async () => {
    const clock = testClock();
    const limiter = createLimiter({ requestsPerMinute: 3 }, clock);
    for (let i = 0; i < 3; i++) await limiter.enter(10, never);
    expect(clock.now()).toBe(0);
    await limiter.enter(10, never);
    expect(clock.now()).toBe(60_000);
  });

  it("lets a request larger than the limit go alone, and everybody wait when a server asks", async () => {
    const clock = testClock();
    const limiter = createLimiter({ tokensPerMinute: 100 }, clock);
    await limiter.enter(500, never);
    await limiter.enter(1, never);
    expect(clock.now()).toBe(60_000);
    limiter.pause(90_000);
    await limiter.enter(1, never);
    expect(clock.now()).toBe(150_000);
  });

  it("lets go who is told to stop, and the next in", async () => {
    const limiter = createLimiter({ requestsPerMinute: 1 });
    await limiter.enter(1, never);
    const stop = new AbortController();
    const waits = limiter.enter(1, stop.signal);
    stop.abort(new Error("stop"));
    await expect(waits).rejects.toThrow("stop");
  });
});

it("a sleep longer than a timer can be is no short one", async () => {
  for (const milliseconds of [2 ** 31, 1e12, Number.MAX_SAFE_INTEGER]) {
    const wake = new AbortController();
    const slept = systemClock.sleep(milliseconds, wake.signal);
    const first = await Promise.race([slept, new Promise((go) => setTimeout(go, 20, "still asleep"))]);
    wake.abort(new Error("woken"));
    expect(first).toBe("still asleep");
    await expect(slept).rejects.toThrow("woken");
  }
});

describe("patience", () => {
  it("caps each wait, and ends when the time is used up; an answer renews it", async () => {
    const clock = testClock();
    const patience = createPatience(700_000, clock);
    const wait = async (milliseconds: number) => {
      const taken = patience.take(milliseconds);
      if (taken !== undefined) await clock.sleep(taken, never);
      return taken;
    };
    expect(await wait(1e12)).toBe(longestWait);
    expect(await wait(100_000)).toBe(100_000);
    expect(await wait(Number.MAX_SAFE_INTEGER)).toBe(300_000);
    expect(await wait(5)).toBeUndefined();
    patience.renew();
    expect(await wait(5)).toBe(5);
  });

  it("counts what several wait at the same time once", async () => {
    const clock = testClock();
    const patience = createPatience(1000, clock);
    expect([patience.take(800), patience.take(600), patience.take(900)]).toEqual([800, 600, 900]);
    await clock.sleep(900, never);
    expect([patience.take(300), patience.take(300)]).toEqual([100, 100]);
    await clock.sleep(100, never);
    expect(patience.take(1)).toBeUndefined();
  });

  it("never gives more than its limit before an answer, nor less than nothing", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(500_000), fc.nat(500_000))), fc.nat(900_000), (waits, limit) => {
        let now = 0;
        const patience = createPatience(limit, { now: () => now, sleep: async () => {} });
        let covered = 0;
        let until = 0;
        for (const [gap, wanted] of waits) {
          now += gap;
          const taken = patience.take(wanted);
          if (taken === undefined) continue;
          expect(taken).toBeGreaterThanOrEqual(0);
          covered += Math.max(0, now + taken - Math.max(now, until));
          until = Math.max(until, now + taken);
        }
        expect(covered).toBeLessThanOrEqual(limit + 1e-6);
      }),
    );
  });
});

it("Retry-After is read in seconds, milliseconds and as a date", () => {
  expect(retryAfterOf({ "retry-after": "2" })).toBe(2000);
  expect(retryAfterOf({ "retry-after": "0.5" })).toBe(500);
  expect(retryAfterOf({ "retry-after-ms": "150", "retry-after": "2" })).toBe(150);
  expect(retryAfterOf({ "retry-after-ms": "-1", "retry-after": "2" })).toBe(2000);
  const date = new Date(Date.now() + 60_000).toUTCString();
  expect(retryAfterOf({ "retry-after": date })).toBeGreaterThan(50_000);
  expect(retryAfterOf({ "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" })).toBe(0);
  expect(retryAfterOf({})).toBeUndefined();
});

it("a date is read by the server's clock, which may be wrong", () => {
  const date = "Thu, 01 Jan 1970 00:00:00 GMT";
  expect(retryAfterOf({ "retry-after": "Thu, 01 Jan 1970 00:00:07 GMT", date })).toBe(7000);
  expect(retryAfterOf({ "retry-after": "Sunday, 04-Jan-70 00:00:00 GMT", date })).toBe(3 * 86_400_000);
});

it("a Retry-After that is huge is a number, and one that is no time is none", () => {
  for (const huge of ["1e9", "1000000000", "99999999999999999999", "1e999", "1e300"]) {
    const wait = retryAfterOf({ "retry-after": huge }) as number;
    expect([huge, Number.isFinite(wait), wait >= 1e12]).toEqual([huge, true, true]);
  }
  for (const none of ["soon", "-5", "NaN", "Infinity", "", " ", "0x10", "5, 10", "5 s", "1e", ".", "null"])
    expect([none, retryAfterOf({ "retry-after": none, "retry-after-ms": none })]).toEqual([none, undefined]);
});

describe("prices", () => {
  it("are found by the start of a name, and not for another model", async () => {
    expect(await priceOf("openai:gpt-4o-mini-2024-07-18", false)).toMatchObject({ input: 0.15, output: 0.6 });
    expect(await priceOf("openai:gpt-4o", false)).toMatchObject({ input: 2.5, output: 10 });
    expect(await priceOf("anthropic:claude-sonnet-4-5-20250929", false)).toEqual({ input: 3, output: 15 });
    expect(await priceOf("openai:gpt-5-pro", false)).toBeUndefined();
    expect(await priceOf("openai:gpt-5.5", false)).toBeUndefined();
    expect(await priceOf("http://127.0.0.1:9/v1#gpt-4o", false)).toBeUndefined();
    expect(await priceOf("checkpoints/full", true)).toEqual({ input: 0, output: 0 });
  });

  it("of the user stand before the list", async () => {
    expect(await priceOf("openai:gpt-4o", false, { output: 1 })).toMatchObject({ input: 2.5, output: 1 });
    expect(await priceOf("x", false, { input: 1 })).toBeUndefined();
    expect(costOf({ input: 3, output: 15 }, { inputTokens: 1e6, outputTokens: 2e6 })).toBe(33);
  });

  it("come with the tokens of a picture", async () => {
    const tokens = async (model: string, width: number, height: number) =>
      estimateInput({ image: { width, height }, prompt: "" }, await priceOf(model, false)) - 20;
    // The examples of OpenAI's guide to images: 1024 x 1024 and 2048 x 4096 with high detail, 1024 x 1024 in patches.
    expect(await tokens("openai:gpt-4o", 1024, 1024)).toBe(765);
    expect(await tokens("openai:gpt-4o", 2048, 4096)).toBe(1105);
    expect(await tokens("openai:gpt-4.1-mini", 1024, 1024)).toBe(Math.ceil(1024 * 1.62));
    expect(await tokens("anthropic:claude-sonnet-4-5", 1092, 1092)).toBe(39 * 39);
    expect(await tokens("google:gemini-2.5-flash", 336, 336)).toBe(258);
  });

  it("a budget never lets the sum of what is spent and set aside pass the limit", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean())), (steps) => {
        const budget = createBudget(2, 0.5);
        const open: number[] = [];
        for (const [most, settle] of steps) {
          if (budget.reserve(most)) open.push(most);
          if (settle && open.length > 0) {
            const held = open.shift() as number;
            budget.settle(held, held * 0.9);
          }
          expect(budget.spent() + open.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(2 + 1e-9);
        }
      }),
    );
  });
});
