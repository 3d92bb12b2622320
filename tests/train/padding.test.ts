import { describe, expect, it } from "vitest";
import { planFor, rowMeasure } from "../../src/data/collate.ts";
import { batchOrder } from "../../src/train/batches/order.ts";
import { SHAPES, SHAPES_KEPT } from "../../src/train/batches/shapes.ts";
import { roomFor, roomIndex } from "../../src/vlm/plan.ts";
import { naturalMix, qwenTools, tileTools } from "./natural-mix.ts";

const count = 3000;

describe.each([
  ["any size", qwenTools],
  ["tiles", tileTools],
] as const)("pictures of %s in a natural mix", (_, toolsOf) => {
  it.each([
    [1, 2],
    [3, 4],
  ])(
    "with up to %d questions, %d a batch: less than a tenth is padding, in few programs",
    async (questions, batchSize) => {
      const tools = await toolsOf();
      const measure = rowMeasure(tools);
      const rule = tools.family.pixels;
      const rows = naturalMix(count, questions).map((row) => measure({ ...row, size: row.own }));
      const plan = planFor(tools, rows.slice(0, 1024), SHAPES);
      expect(plan.rooms.length).toBeLessThanOrEqual(20);
      const classOf = async (row: number) => roomIndex(plan, rows[row]);
      const order = batchOrder({ rows: count, batchSize, seed: 0, classOf });
      let [own, all] = [0, 0];
      const programs = new Map<string, number>();
      const batches = Math.floor(count / batchSize);
      for (let i = 0; i < batches; i++) {
        const batch = (await order(i)).map((row) => rows[row]);
        const needs = roomFor(plan, batch, rule);
        const key = JSON.stringify(needs);
        programs.set(key, (programs.get(key) ?? 0) + 1);
        own += batch.reduce((sum, { room }) => sum + room.length, 0);
        all += batchSize * needs.room.length;
      }
      expect(1 - own / all).toBeLessThan(0.1);
      expect(SHAPES_KEPT).toBe(24);
      // Those beyond the held ones serve a batch or two each: rows larger than any that the plan was made by.
      const most = [...programs.values()].sort((a, b) => b - a).slice(0, SHAPES_KEPT);
      expect(most.reduce((sum, n) => sum + n, 0) / batches).toBeGreaterThan(0.99);
    },
  );
});
