import { expect, it } from "vitest";
import { turnsOf } from "../../src/harness/providers/turns.ts";

const placed = (index: number, of: number, abreast = 8) => ({ place: { index, of, abreast } });

async function turnsFor(order: readonly number[], of: number, abreast?: number): Promise<number[][]> {
  const served: number[][] = [];
  const turns = turnsOf<ReturnType<typeof placed>>(4, async (turn) => {
    served.push(turn.map(({ place }) => place.index));
  });
  for (const index of order) {
    turns.add(placed(index, of, abreast));
    await Promise.resolve();
  }
  await turns.idle();
  return served;
}

it("makes the same turns whatever the order in which questions arrive", async () => {
  const wanted = [
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9],
  ];
  expect(await turnsFor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 10)).toEqual(wanted);
  expect(await turnsFor([2, 0, 5, 3, 1, 4, 9, 7, 6, 8], 10)).toEqual(wanted);
});

it("makes smaller turns where fewer are asked at once", async () => {
  expect(await turnsFor([1, 0, 3, 2, 4], 5, 2)).toEqual([[0, 1], [2, 3], [4]]);
});

it("goes on without a question that was given up", async () => {
  expect(await turnsFor([0, 1, 3, 4], 5)).toEqual([[0, 1, 3], [4]]);
});

it("gathers questions that stand nowhere", async () => {
  const served: number[] = [];
  const turns = turnsOf<object>(4, async (turn) => {
    served.push(turn.length);
  });
  for (let i = 0; i < 6; i++) turns.add({});
  await turns.idle();
  expect(served).toEqual([4, 2]);
});
