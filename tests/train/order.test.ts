import { describe, expect, it } from "vitest";
import { batchOrder, firstBatches, WINDOW } from "../../src/train/batches/order.ts";

/** Three classes, of very different shares. */
const classOf = async (row: number) => (row % 10 === 0 ? 2 : row % 3 === 0 ? 1 : 0);

async function batches(order: ReturnType<typeof batchOrder>, count: number, from = 0) {
  const all = [];
  for (let i = from; i < from + count; i++) all.push(await order(i));
  return all;
}

describe("batches of a folder", () => {
  it("hold every row once in each epoch, in another order each time", async () => {
    const order = batchOrder({ rows: 60, batchSize: 4, seed: 1, classOf });
    const [first, second] = [await batches(order, 15), await batches(order, 15, 15)];
    const all = Array.from({ length: 60 }, (_, i) => i);
    for (const epoch of [first, second]) {
      expect(epoch.every((rows) => rows.length === 4)).toBe(true);
      expect(epoch.flat().sort((a, b) => a - b)).toEqual(all);
    }
    expect(second).not.toEqual(first);
  });

  it("follow from seed and place alone, in whatever order they are asked for", async () => {
    const options = { rows: 1000, batchSize: 4, seed: 1, classOf };
    const whole = await batches(batchOrder(options), 400);
    const late = batchOrder(options);
    expect(await late(399)).toEqual(whole[399]);
    expect(await late(5)).toEqual(whole[5]);
    expect(await late(130)).toEqual(whole[130]);
    expect(await batchOrder({ ...options, seed: 2 })(0)).not.toEqual(whole[0]);
  });

  it("put rows of one class together, but for the few that are left of a window", async () => {
    const order = batchOrder({ rows: 5000, batchSize: 4, seed: 0, classOf });
    const all = await batches(order, 10 * WINDOW);
    const classes = await Promise.all(
      all.map(async (rows) => new Set(await Promise.all(rows.map(classOf))).size),
    );
    expect(classes.filter((count) => count > 1).length).toBeLessThanOrEqual(10 * 2);
    const [first, last] = [all.slice(0, WINDOW / 2), all.slice(WINDOW / 2, WINDOW)];
    const firstClass = async (rows: readonly number[]) => classOf(rows[0]);
    for (const half of [first, last])
      expect(new Set(await Promise.all(half.map(firstClass))), "a window's batches are mixed").toEqual(
        new Set([0, 1, 2]),
      );
  });

  it("ask for the classes of the rows of their window only", async () => {
    const asked = new Set<number>();
    const spy = async (row: number) => {
      asked.add(row);
      return 0;
    };
    const order = batchOrder({ rows: 100_000, batchSize: 2, seed: 0, classOf: spy });
    await batches(order, 3);
    expect(asked.size).toBe(2 * WINDOW);
  });

  it("come round again where there are fewer rows than a batch has", async () => {
    const order = batchOrder({ rows: 3, batchSize: 8, seed: 0, classOf });
    const [rows] = await batches(order, 1);
    expect(rows).toHaveLength(8);
    expect(new Set(rows)).toEqual(new Set([0, 1, 2]));
  });

  it("of an evaluation are the first rows, by class", async () => {
    const rows = await firstBatches(8, { rows: 30, batchSize: 4, classOf });
    expect(rows).toEqual([
      [1, 2, 4, 5],
      [7, 3, 6, 0],
    ]);
    expect((await firstBatches(8, { rows: 3, batchSize: 4, classOf })).flat()).toHaveLength(8);
  });
});
