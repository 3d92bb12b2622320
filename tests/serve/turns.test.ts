import { expect, it } from "vitest";
import { oneByOne } from "../../src/serve/turns.ts";

const never = new AbortController().signal;

it("gives turns one after the other, in the order of arrival, and goes on after a failure", async () => {
  const turns = oneByOne(10);
  const log: string[] = [];
  const act = (name: string) => async () => {
    log.push(`${name} begins`);
    await Promise.resolve();
    log.push(`${name} ends`);
    if (name === "b") throw new Error("b failed");
  };
  const all = ["a", "b", "c"].map((name) => turns.take(never, act(name)));
  expect([turns.running, turns.waiting]).toEqual([1, 2]);
  expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  expect(log).toEqual(["a", "b", "c"].flatMap((name) => [`${name} begins`, `${name} ends`]));
  await turns.idle();
  expect([turns.running, turns.waiting]).toEqual([0, 0]);
});

it("lets who leaves out of the line at once, while another has the turn", async () => {
  const turns = oneByOne(1);
  const first = Promise.withResolvers<void>();
  const running = turns.take(never, () => first.promise);
  const caller = new AbortController();
  const leaving = turns.take(caller.signal, async () => "had its turn");
  expect(() => turns.mustHaveRoom()).toThrow("1 requests are waiting");
  caller.abort();
  await expect(leaving).rejects.toMatchObject({ name: "AbortError" });
  expect([turns.running, turns.waiting]).toEqual([1, 0]);
  const next = turns.take(never, async () => "next");
  first.resolve();
  expect([await running, await next]).toEqual([undefined, "next"]);
});

it("refuses more than may wait", async () => {
  const turns = oneByOne(0);
  turns.mustHaveRoom(); // Nobody is there: who comes need not wait.
  const first = Promise.withResolvers<void>();
  const running = turns.take(never, () => first.promise);
  await expect(turns.take(never, async () => {})).rejects.toMatchObject({
    facts: { status: 503, headers: { "Retry-After": "1" } },
  });
  first.resolve();
  await running;
});
