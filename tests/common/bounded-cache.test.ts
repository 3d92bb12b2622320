import { describe, expect, it } from "vitest";
import { BoundedCache, cacheFigures } from "../../src/common/bounded-cache.ts";
import { random } from "../../src/common/random.ts";

const figures = (name: string) => cacheFigures().find((one) => one.name === name);

describe("a bounded cache", () => {
  it("keeps the values that were used last, up to its limit", () => {
    const dropped: string[] = [];
    const cache = new BoundedCache<string, string>({
      name: "test count",
      limit: 2,
      onDrop: (v) => void dropped.push(v),
    });
    cache.set("a", "A");
    cache.set("b", "B");
    expect(cache.get("a")).toBe("A");
    cache.set("c", "C");
    expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual(["A", undefined, "C"]);
    expect(dropped).toEqual(["B"]);
    expect(figures("test count")).toMatchObject({ entries: 2, limit: 2, hits: 3, misses: 1, dropped: 1 });
    expect(figures("test count")).not.toHaveProperty("bytes");
  });

  it("keeps up to its bytes, and hands a value of more out without pushing others out", async () => {
    const sizes = { name: "test bytes", limit: 100, maxBytes: 10, size: (value: string) => value.length };
    const cache = new BoundedCache<number, string>(sizes);
    cache.set(0, "1234");
    cache.set(1, "123456");
    expect(await cache.getOrMake(2, async () => "12345678901")).toBe("12345678901");
    expect(cache.set(3, "12345678901")).toBe("12345678901");
    expect([cache.size, cache.bytes]).toEqual([2, 10]);
    cache.set(4, "1");
    expect([cache.get(0), cache.get(1), cache.get(4), cache.bytes]).toEqual([undefined, "123456", "1", 7]);
    expect(figures("test bytes")).toMatchObject({ entries: 2, bytes: 7, maxBytes: 10 });
  });

  it("keeps the least that it must, whatever its bytes", async () => {
    const sizes = {
      name: "test least",
      limit: 5,
      maxBytes: 3,
      least: 2,
      size: (value: string) => value.length,
    };
    const cache = new BoundedCache<string, string>(sizes);
    for (const key of ["a", "b", "c"]) await cache.getOrMake(key, async () => `${key}${key}`);
    expect([cache.size, cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([2, undefined, "bb", "cc"]);
    cache.set("large", "12345678");
    expect([cache.size, cache.get("large"), cache.get("c")]).toEqual([2, "12345678", "cc"]);
  });

  it("replaces a value of the same key and counts its bytes once", () => {
    const cache = new BoundedCache<string, string>({
      name: "test replace",
      limit: 5,
      maxBytes: 99,
      size: (v) => v.length,
    });
    for (const value of ["1", "22", "333", "22", "22"]) cache.set("a", value);
    expect([cache.size, cache.bytes, cache.get("a")]).toEqual([1, 2, "22"]);
  });

  it("makes a value once for all who ask at the same time, and keeps no failure", async () => {
    let made = 0;
    const cache = new BoundedCache<string, number>({ name: "test once", limit: 4 });
    const make = async () => ++made;
    expect(await Promise.all([cache.getOrMake("a", make), cache.getOrMake("a", make)])).toEqual([1, 1]);
    const fail = () => cache.getOrMake("b", async () => Promise.reject(new Error("no")));
    const outcomes = await Promise.allSettled([fail(), fail()]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(cache.size).toBe(1);
    expect(await cache.getOrMake("b", make)).toBe(2);
    expect(cache.getOrMakeNow("b", () => 9)).toBe(2);
    expect(cache.getOrMakeNow("c", () => 9)).toBe(9);
  });

  it("drops nothing in use, and drops it once when its last use ends", async () => {
    const dropped: number[] = [];
    const cache = new BoundedCache<number, number>({
      name: "test use",
      limit: 1,
      onDrop: (v) => void dropped.push(v),
    });
    const gates = [0, 1, 2].map(() => Promise.withResolvers<void>());
    const uses = gates.map(({ promise }, i) =>
      cache.use(
        i % 2,
        async () => i,
        () => promise,
      ),
    );
    await Promise.resolve();
    expect([cache.size, dropped]).toEqual([2, []]);
    gates[0].resolve();
    await uses[0];
    expect(dropped).toEqual([]); // Use 2 has the same key.
    gates[2].resolve();
    await uses[2];
    expect(dropped).toEqual([0]);
    const cleared = cache.clear();
    expect(cache.size).toBe(0);
    await cleared;
    expect(dropped).toEqual([0]); // Use 1 is under way.
    gates[1].resolve();
    await uses[1];
    expect(dropped).toEqual([0, 1]);
    await cache.clear();
    expect(dropped).toEqual([0, 1]);
  });

  it("lets go of what is in the making when it is cleared", async () => {
    const dropped: string[] = [];
    const cache = new BoundedCache<string, string>({
      name: "test clear",
      limit: 3,
      onDrop: (v) => void dropped.push(v),
    });
    const making = Promise.withResolvers<string>();
    const asked = cache.getOrMake("a", () => making.promise);
    await cache.clear();
    making.resolve("late");
    expect(await asked).toBe("late");
    expect([cache.size, dropped]).toEqual([0, ["late"]]);
    expect(await cache.getOrMake("a", async () => "new")).toBe("new");
    expect(cache.size).toBe(1);
  });

  it("sums up caches of one name, and never holds more than its limits under any order of calls", async () => {
    const sizes = { name: "test random", limit: 7, maxBytes: 60, size: (value: number) => value };
    const caches = [new BoundedCache<number, number>(sizes), new BoundedCache<number, number>(sizes)];
    const source = random("bounded cache", 1);
    const next = (n: number) => Math.floor(source.uniform() * n);
    for (let i = 0; i < 3000; i++) {
      const [cache, key, value] = [caches[next(2)], next(30), next(70)];
      if (next(3) === 0) cache.set(key, value);
      else if (next(2) === 0) await cache.getOrMake(key, async () => value);
      else cache.get(key);
      expect(cache.size).toBeLessThanOrEqual(7);
      expect(cache.bytes).toBeLessThanOrEqual(60);
    }
    const found = figures("test random");
    expect(found).toMatchObject({ caches: 2, limit: 14, maxBytes: 120 });
    expect(found?.bytes).toBe(caches[0].bytes + caches[1].bytes);
    expect(found?.entries).toBe(caches[0].size + caches[1].size);
    expect(found?.dropped).toBeGreaterThan(100);
  });
});
