import { describe, expect, it } from "vitest";
import { random } from "../../src/common/random.ts";
import { onePicture, type RowRoom } from "../../src/models/inputs/padding.ts";
import { fitsNeeds, paddingOf, planRooms, type RowNeeds, roomFor, roomIndex } from "../../src/vlm/plan.ts";
import { splitCorners } from "../../src/vlm/split.ts";

const pixels = { of: () => 1, perToken: 4 };

/** A row of an image of N tokens after 2 columns, and text behind it. */
function row(image: number, text: number, answers = 1): RowNeeds {
  const room: RowRoom = {
    layout: { images: [{ spans: [{ start: 2, length: image }], pixels: 4 * image }] },
    length: 2 + image + text,
  };
  return { room, counts: { answers, concepts: 3 } };
}

describe("planRooms", () => {
  const chance = random("plan");
  const rows = Array.from({ length: 200 }, () =>
    row(10 * (1 + chance.integer(20)), 5 + chance.integer(60), 1 + chance.integer(40)),
  );

  it("holds every row, in as many rooms as it may have", () => {
    for (const limit of [1, 4, 12]) {
      const plan = planRooms(rows, pixels, { limit });
      expect(plan.rooms.length).toBeLessThanOrEqual(limit);
      for (const needs of rows) expect(roomIndex(plan, needs)).toBeLessThan(plan.rooms.length);
      const lengths = plan.rooms.map(({ room }) => room.length);
      expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
      expect(lengths.every((length) => length % 8 === 0)).toBe(true);
    }
  });

  it("pads less with more rooms", () => {
    const paddings = [1, 2, 4, 8, 16].map((limit) =>
      paddingOf(planRooms(rows, pixels, { limit }), rows, pixels),
    );
    expect(paddings).toEqual([...paddings].sort((a, b) => b - a));
    expect(paddings[0]).toBeGreaterThan(0.4);
    expect(paddings[4]).toBeLessThan(0.15);
  });

  it("takes one room for rows of one size, and few for few rows", () => {
    expect(planRooms(Array(100).fill(row(64, 30)), pixels).rooms).toHaveLength(1);
    expect(planRooms(rows.slice(0, 7), pixels).rooms.length).toBeLessThanOrEqual(2);
  });

  it("gives rooms the most of a count, or what their own rows need where it costs", () => {
    const few = Array.from({ length: 40 }, (_, i) => (i < 20 ? row(64, 30, 2) : row(64, 90, 50)));
    const same = planRooms(few, pixels);
    expect(same.rooms.map(({ counts }) => counts.answers)).toEqual([50, 50]);
    const own = planRooms(few, pixels, { costs: { answers: 0.25 } });
    expect(own.rooms.map(({ counts }) => counts)).toEqual([
      { answers: 2, concepts: 3 },
      { answers: 50, concepts: 3 },
    ]);
  });

  it("counts pictures of tiles as room for pixels", () => {
    const tiles = [1, 1, 1, 5, 5, 5, 5, 5].map((count): RowNeeds => {
      const spans = Array.from({ length: count }, (_, i) => ({ start: 1 + 10 * i, length: 9 }));
      const images = [{ spans, pixels: count }];
      return { room: { layout: { images }, length: 10 * count + 8 }, counts: {} };
    });
    const plan = planRooms(tiles, onePicture);
    expect(plan.rooms.map(({ room }) => room.layout.images[0].pixels)).toEqual([1, 5]);
    expect(plan.rooms.map(({ room }) => room.layout.images[0].spans.length)).toEqual([1, 5]);
  });
});

describe("roomFor", () => {
  const plan = planRooms(
    Array.from({ length: 16 }, (_, i) => (i < 8 ? row(200, 10) : row(20, 100))),
    pixels,
  );

  it("takes the smallest planned room", () => {
    expect(roomFor(plan, [row(18, 90)], pixels)).toBe(plan.rooms[0]);
    expect(roomFor(plan, [row(199, 3), row(200, 10)], pixels)).toBe(plan.rooms[1]);
  });

  it("takes one and the same room for any rows of several planned ones", () => {
    const both = roomFor(plan, [row(200, 10), row(20, 100)], pixels);
    expect(roomFor(plan, [row(150, 10), row(10, 80)], pixels)).toEqual(both);
    expect(fitsNeeds(row(200, 100), both)).toBe(true);
  });

  it("makes room for rows that are larger than all that was planned", () => {
    const large = roomFor(plan, [row(500, 10, 9)], pixels);
    expect(fitsNeeds(row(500, 10, 9), large)).toBe(true);
  });
});

it("splitCorners lies over all points and stops where it is near enough", () => {
  const points = [
    [1, 1],
    [1, 1],
    [9, 1],
    [1, 9],
  ];
  const options = { costs: [1, 1], limit: 4, enough: 0 };
  expect(splitCorners(points, options).sort()).toEqual([
    [1, 1],
    [1, 9],
    [9, 1],
  ]);
  expect(splitCorners(points, { ...options, limit: 1 })).toEqual([[9, 9]]);
  expect(splitCorners(points, { ...options, enough: 10 })).toEqual([[9, 9]]);
});
