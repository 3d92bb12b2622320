/** Models side by side: opened, changed, closed, tried again. */
import { expect, test } from "vitest";
import type { Loading, StudioModel } from "../../src/studio/models/model.ts";
import { openSlots } from "../../src/studio/page/slots.ts";
import type { ModelSource } from "../../src/studio/page/studio.ts";

/** Models that are open once the test says so. */
function byHand() {
  const asked: {
    readonly source: ModelSource;
    readonly isClosed: () => boolean;
    say(loading: Loading): void;
    open(): void;
    fail(message: string): void;
  }[] = [];
  let changes = 0;
  const slots = openSlots(
    (source, say) => {
      const { promise, resolve, reject } = Promise.withResolvers<StudioModel>();
      let closed = false;
      const close = async () => {
        closed = true;
      };
      // No job is asked of it here.
      const model = { close } as Partial<StudioModel> as StudioModel;
      const fail = (message: string) => reject(new Error(message));
      asked.push({ source, say, isClosed: () => closed, open: () => resolve(model), fail });
      return promise;
    },
    () => changes++,
  );
  return { asked, slots, changes: () => changes };
}

const choice = (address: string) => ({ title: address, source: { address } });

test("a slot is there from the moment that its model is asked for, and says how far it is", async () => {
  const { asked, slots, changes } = byHand();
  const opening = slots.open("b", { ...choice("one"), note: "small", given: "checkpoints/one" });
  expect(slots.all).toEqual([
    {
      letter: "b",
      title: "one",
      note: "small",
      given: "checkpoints/one",
      loading: { what: "model", done: 0 },
    },
  ]);
  asked[0].say({ what: "weights", done: 5, total: 10 });
  expect(slots.all[0].loading).toEqual({ what: "weights", done: 5, total: 10 });
  asked[0].open();
  await opening;
  expect(slots.all[0].loading).toBeUndefined();
  expect(slots.all[0].model).toBeDefined();
  expect(changes()).toBe(3);
});

test("slots stand in the order of their letters", () => {
  const { slots } = byHand();
  for (const letter of ["c", "a", "b"] as const) void slots.open(letter, choice(letter));
  expect(slots.all.map(({ letter }) => letter)).toEqual(["a", "b", "c"]);
});

test("a model that takes another's place closes it, whether it was open or not", async () => {
  const { asked, slots } = byHand();
  const first = slots.open("a", choice("one"));
  const second = slots.open("a", choice("two"));
  asked[0].open();
  await first;
  expect(asked[0].isClosed()).toBe(true);
  expect(slots.all[0]).toMatchObject({ title: "two", loading: {} });
  asked[1].open();
  await second;
  void slots.open("a", choice("three"));
  expect(asked[1].isClosed()).toBe(true);
});

test("closing frees the letter, and a model that opens afterwards is closed", async () => {
  const { asked, slots } = byHand();
  const opening = slots.open("a", choice("one"));
  slots.close("a");
  expect(slots.all).toEqual([]);
  asked[0].open();
  await opening;
  expect(asked[0].isClosed()).toBe(true);
  expect(slots.all).toEqual([]);
});

test("what failed says why and can be tried again; what did not is left alone", async () => {
  const { asked, slots } = byHand();
  const opening = slots.open("a", choice("one"));
  asked[0].fail("one: the server answers 503");
  await opening;
  expect(slots.all[0]).toMatchObject({ failed: "one: the server answers 503", loading: undefined });
  const again = slots.retry("a");
  expect(slots.all[0].failed).toBeUndefined();
  expect(asked[1].source).toEqual({ address: "one" });
  asked[1].open();
  await again;
  await slots.retry("a");
  await slots.retry("b");
  expect(asked).toHaveLength(2);
});
