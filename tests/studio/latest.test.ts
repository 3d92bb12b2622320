/** Newest wins: one call runs, one waits. */
import { expect, test } from "vitest";
import { latest } from "../../src/studio/models/latest.ts";

/** Work that ends when it is told to, and notes what it was asked. */
function byHand() {
  const begun: { readonly asked: number; readonly signal: AbortSignal; end(error?: Error): void }[] = [];
  const update = latest((asked: number, signal: AbortSignal) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    begun.push({ asked, signal, end: (error) => (error ? reject(error) : resolve(`done ${asked}`)) });
    return promise;
  });
  const asked = () => begun.map((call) => call.asked);
  return { begun, asked, update };
}

test("one call runs, the newest of those that came meanwhile follows, the others give undefined", async () => {
  const { begun, asked, update } = byHand();
  const calls = [1, 2, 3, 4].map(update);
  expect(asked()).toEqual([1]);
  begun[0].end();
  expect(await calls[0]).toBe("done 1");
  expect(await calls[1]).toBeUndefined();
  expect(await calls[2]).toBeUndefined();
  expect(asked()).toEqual([1, 4]);
  begun[1].end();
  expect(await calls[3]).toBe("done 4");
  const after = update(5);
  expect(asked()).toEqual([1, 4, 5]);
  begun[2].end();
  expect(await after).toBe("done 5");
});

test("an error is its own call's, and the waiting one still follows", async () => {
  const { begun, asked, update } = byHand();
  const [first, second] = [1, 2].map(update);
  begun[0].end(new Error("no model"));
  await expect(first).rejects.toThrow("no model");
  expect(asked()).toEqual([1, 2]);
  begun[1].end();
  expect(await second).toBe("done 2");
});

test("work that throws at once is a rejection", async () => {
  const update = latest(() => {
    throw new Error("at once");
  });
  await expect(update(undefined)).rejects.toThrow("at once");
});

test("cancelling drops what waits and tells what runs", async () => {
  const { begun, asked, update } = byHand();
  const [first, second] = [1, 2].map(update);
  update.cancel();
  expect(await second).toBeUndefined();
  expect(begun[0].signal.aborted).toBe(true);
  begun[0].end();
  expect(await first).toBe("done 1");
  expect(asked()).toEqual([1]);
});
