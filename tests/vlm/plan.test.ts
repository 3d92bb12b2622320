import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { random } from "../../src/common/random.ts";
import { tileSizes } from "../../src/models/idefics3/processor.ts";
import { onePicture, type PixelRule, roomKey, rung, tightRoom } from "../../src/models/inputs/padding.ts";
import { smartResize } from "../../src/models/qwen/processor.ts";
import {
  fitsNeeds,
  PLANNED_ROOMS,
  paddingOf,
  planRooms,
  type RowNeeds,
  roomFor,
  roomIndex,
  unionNeeds,
} from "../../src/vlm/plan.ts";

/** Sizes as photos have them, each as often as it is named: cameras, phones, the web; upright and across. */
const photos = [
  [640, 480],
  [640, 480],
  [640, 480],
  [640, 427],
  [640, 427],
  [500, 375],
  [500, 333],
  [1024, 768],
  [1280, 720],
  [1080, 1080],
  [612, 612],
  [800, 600],
  [640, 360],
  [640, 512],
  [640, 640],
  [1024, 683],
].flatMap(([width, height]) => [
  { width, height },
  { width: height, height: width },
]);

/** 2,000 rows: a photo cut a little, some text before it, a question and its answer. */
function rowsOf(imageOf: (size: { width: number; height: number }) => RowNeeds["room"]["layout"]) {
  const source = random("natural mix", 1);
  return Array.from({ length: 2000 }, (): RowNeeds => {
    const photo = photos[Math.floor(source.uniform() * photos.length)];
    const cut = 0.9 + 0.1 * source.uniform();
    const size = { width: Math.round(photo.width * cut), height: Math.round(photo.height * cut) };
    const layout = imageOf(size);
    const { spans } = layout.images[0];
    const last = spans[spans.length - 1];
    const text = 12 + Math.floor(50 * source.uniform() ** 2);
    return { room: { layout, length: last.start + last.length + text }, counts: {} };
  });
}

const qwen: PixelRule = { of: ({ rows, columns }) => rows * columns, perToken: 4 };
const bounds = { minPixels: 4 * 28 * 28, maxPixels: 16384 * 28 * 28 };

/** As Qwen2.5-VL's published processor sees them. */
const qwenRows = () =>
  rowsOf((size) => {
    const { width, height } = smartResize(size, 28, bounds);
    const shape = { rows: height / 14, columns: width / 14 };
    const length = (shape.rows * shape.columns) / 4;
    return tightRoom({ layout: { images: [{ shape, spans: [{ start: 15, length }] }] }, length: 0 }, qwen)
      .layout;
  });

/** As SmolVLM's published processor cuts them: tiles of 512 pixels with 64 tokens, four tokens of marks before each. */
const tiles: PixelRule = { of: ({ rows, columns }) => rows * columns + 1 };
const processor = { resize: { longestEdge: 2048 }, split: true, tile: 512 } as never;
const smolRows = () =>
  rowsOf((size) => {
    const { shape } = tileSizes(size, processor);
    const spans = Array.from({ length: tiles.of(shape) }, (_, i) => {
      const ends = shape.columns === 0 ? 0 : Math.floor(i / shape.columns);
      return { start: 8 + 68 * i + 4 + ends, length: 64 };
    });
    return tightRoom({ layout: { images: [{ shape, spans }] }, length: 0 }, tiles).layout;
  });

it("plans sixteen rooms at most", () => {
  expect(PLANNED_ROOMS).toBe(16);
});

describe("rooms for a natural mix of photos and questions", () => {
  it.each([
    ["patches of the whole photo", qwenRows, qwen],
    ["tiles", smolRows, tiles],
  ] as const)("pad less than a tenth of the columns: %s", (_, make, rule) => {
    const rows = make();
    const plan = planRooms(rows, rule);
    expect(plan.rooms.length).toBeLessThanOrEqual(PLANNED_ROOMS);
    const padding = paddingOf(plan, rows, rule);
    expect(padding).toBeLessThan(0.1);
    for (const needs of rows) expect(roomIndex(plan, needs)).toBeLessThan(plan.rooms.length);
  });

  it("are few where more would save little", () => {
    const same = Array.from({ length: 50 }, (_, i): RowNeeds => {
      const layout = { images: [{ spans: [{ start: 4, length: 576 }], pixels: 1 }] };
      return { room: { layout, length: 590 + i }, counts: { questions: 1 + (i % 3) } };
    });
    const plan = planRooms(same, onePicture);
    expect(plan.rooms.length).toBe(1);
    expect(plan.rooms[0].counts).toEqual({ questions: 3 });
    expect(plan.rooms[0].room.length).toBe(640);
  });
});

const extent = fc.record({
  gap: fc.integer({ min: 0, max: 30 }),
  tokens: fc.integer({ min: 1, max: 60 }),
  tail: fc.integer({ min: 0, max: 40 }),
  questions: fc.integer({ min: 1, max: 4 }),
});

function needsOf({
  gap,
  tokens,
  tail,
  questions,
}: {
  gap: number;
  tokens: number;
  tail: number;
  questions: number;
}) {
  const layout = { images: [{ spans: [{ start: gap, length: tokens }], pixels: 4 * tokens }] };
  return { room: { layout, length: gap + tokens + tail }, counts: { questions } };
}

describe("a plan", () => {
  it("holds every row, also rows together, also rows that it has not seen", () => {
    fc.assert(
      fc.property(
        fc.array(extent, { minLength: 1, maxLength: 30 }),
        fc.array(extent, { minLength: 1, maxLength: 4 }),
        (seen, asked) => {
          const plan = planRooms(seen.map(needsOf), qwen, { limit: 3 });
          expect(plan.rooms.length).toBeLessThanOrEqual(3);
          for (const row of seen.map(needsOf)) expect(roomIndex(plan, row)).toBeLessThan(plan.rooms.length);
          const rows = asked.map(needsOf);
          const room = roomFor(plan, rows, qwen);
          for (const row of [...rows, unionNeeds(rows)]) expect(fitsNeeds(row, room)).toBe(true);
          const [image] = room.room.layout.images;
          expect(image.pixels).toBe(4 * image.spans[0].length);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("is the same for the same rows, whatever their order", () => {
    const rows = qwenRows().slice(0, 200);
    const keys = (list: readonly RowNeeds[]) => planRooms(list, qwen).rooms.map(({ room }) => roomKey(room));
    expect(keys(random("order", 1).shuffle(rows)).length).toBe(keys(rows).length);
    expect(keys(rows)).toEqual(keys(rows));
  });
});

it("rungs add an eighth at most from 64 on, and are few", () => {
  const rungs = new Set<number>();
  for (let n = 64; n <= 4096; n++) {
    expect(rung(n)).toBeGreaterThanOrEqual(n);
    expect(rung(n)).toBeLessThan(n * 1.126);
    rungs.add(rung(n));
  }
  expect(rungs.size).toBeLessThan(52);
  expect([0, 1, 8, 9].map(rung)).toEqual([0, 8, 8, 16]);
});
