/** Which tiles of a wall are drawn, where keys lead, and how regions become outlines. */
import { describe, expect, test } from "vitest";
import { encodeMask } from "../../src/grounding/rle.ts";
import { maskEdges, outlineOf } from "../../src/studio/page/data/outline.ts";
import { itemByKey, scrollTo, wallLayout, wallView } from "../../src/studio/page/data/wall-layout.ts";

const options = { width: 1000, least: 148, gap: 12, caption: 40 };

describe("a wall", () => {
  const count = 100_000;
  const layout = wallLayout({ ...options, count });
  const view = (scrollTop: number) => wallView(layout, { scrollTop, viewHeight: 700, count, gap: 12 });

  test("fills its width and draws what is in view", () => {
    expect(layout).toMatchObject({ columns: 6, tileWidth: 156, rows: 16_667 });
    expect(view(0)).toEqual({ first: 0, end: 30, top: 0 });
    const middle = view(layout.height / 2);
    expect(middle.first).toBeGreaterThan(49_000);
    expect(middle.end - middle.first).toBeLessThanOrEqual(42);
    expect(view(layout.height - 700).end).toBe(count);
  });

  test("of more than a page can be tall still reaches every item", () => {
    const many = wallLayout({ ...options, width: 320, count: 1_000_000 });
    expect(many.height).toBe(8_000_000);
    const at = (scrollTop: number) =>
      wallView(many, { scrollTop, viewHeight: 700, count: 1_000_000, gap: 12 });
    expect(at(0).first).toBe(0);
    expect(at(many.height - 700).end).toBe(1_000_000);
    for (const item of [0, 123_456, 999_999]) {
      const top = scrollTo(many, { item, scrollTop: 4_000_000, viewHeight: 700, gap: 12 });
      const { first, end } = at(top);
      expect(first <= item && item < end).toBe(true);
    }
  });

  test("keys move within it", () => {
    expect(itemByKey("ArrowDown", 3, layout, count, 4)).toBe(9);
    expect(itemByKey("ArrowUp", 3, layout, count, 4)).toBe(3);
    expect(itemByKey("PageDown", 3, layout, count, 4)).toBe(27);
    expect(itemByKey("End", 3, layout, count, 4)).toBe(count - 1);
    expect(itemByKey("ArrowLeft", 0, layout, count, 4)).toBe(0);
    expect(itemByKey("x", 0, layout, count, 4)).toBeUndefined();
  });

  test("of nothing draws nothing", () => {
    const none = wallLayout({ ...options, count: 0 });
    expect(wallView(none, { scrollTop: 0, viewHeight: 700, count: 0, gap: 12 })).toEqual({
      first: 0,
      end: 0,
      top: 0,
    });
  });
});

describe("outlines", () => {
  test("of a mask are the borders of its pixels", () => {
    // prettier-ignore
    const mask = encodeMask([0, 0, 0, 0,
                             0, 1, 1, 0,
                             0, 1, 0, 0], 3, 4); // biome-ignore format: a picture
    const edges = maskEdges(mask, 256)
      .map((edge) => JSON.stringify(edge))
      .sort();
    expect(edges).toEqual(
      [
        [
          [1, 1],
          [3, 1],
        ],
        [
          [2, 2],
          [3, 2],
        ],
        [
          [1, 3],
          [2, 3],
        ],
        [
          [1, 1],
          [1, 3],
        ],
        [
          [2, 2],
          [2, 3],
        ],
        [
          [3, 1],
          [3, 2],
        ],
      ]
        .map((edge) => JSON.stringify(edge))
        .sort(),
    );
  });

  test("of a large mask are looked at coarsely, and stay in the picture", () => {
    const [height, width] = [1000, 3001];
    const mask = encodeMask(new Uint8Array(height * width).fill(1), height, width);
    const edges = maskEdges(mask, 100);
    expect(edges).toHaveLength(4);
    expect(Math.max(...edges.flat().map(([x]) => x))).toBe(width);
    expect(Math.max(...edges.flat().map(([, y]) => y))).toBe(height);
  });

  test("of boxes, lines and points are themselves", () => {
    expect(outlineOf({ kind: "box", box: [1, 2, 3, 4] }).lines).toHaveLength(1);
    expect(outlineOf({ kind: "points", points: [[1, 2]] })).toEqual({ lines: [], points: [[1, 2]] });
    expect(
      outlineOf({
        kind: "polyline",
        points: [
          [1, 2],
          [3, 4],
        ],
      }).lines,
    ).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
    ]);
  });
});
