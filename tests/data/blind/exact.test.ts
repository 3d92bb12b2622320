import { describe, expect, it } from "vitest";
import type {
  DiscShape,
  LineShape,
  Point,
  PolygonShape,
  RingShape,
  TextShape,
} from "../../../src/data/drawing/drawing.ts";
import { textStrokes } from "../../../src/data/drawing/font.ts";
import { paint } from "../../../src/data/drawing/paint.ts";
import { inks } from "../../../src/data/tasks/blind/shared.ts";
import { areas, colourKey, extent, type Item, items, lines, span } from "./items.ts";

/** Points along a line, `step` pixels apart. */
function walk(line: readonly Point[], step: number): Point[] {
  return line.slice(1).flatMap((to, i) => {
    const from = line[i];
    const count = Math.ceil(span(from, to) / step);
    return Array.from({ length: count + 1 }, (_, k): Point => {
      const part = k / count;
      return [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])];
    });
  });
}

function far([px, py]: Point, line: readonly Point[]): number {
  const each = line.slice(1).map((b, i) => {
    const a = line[i];
    const [ux, uy] = [b[0] - a[0], b[1] - a[1]];
    const along = Math.min(1, Math.max(0, ((px - a[0]) * ux + (py - a[1]) * uy) / (ux * ux + uy * uy)));
    return Math.hypot(px - a[0] - along * ux, py - a[1] - along * uy);
  });
  return Math.min(...each);
}

/** The two lines that the question names. */
function asked({ drawing, question }: Item): [LineShape, LineShape] {
  const names = /the (two )?(\w+)(?: and (\w+))? lines/.exec(question.question)!;
  const wanted = names[1] === undefined ? [names[2], names[3]] : [names[2], names[2]];
  const found = lines(drawing).filter((line) =>
    wanted.some((name) => colourKey(line) === inks[name as keyof typeof inks].join(" ")),
  );
  expect(found).toHaveLength(2);
  return [found[0], found[1]];
}

describe("line-intersection", () => {
  const sets: [string, object, number][] = [
    ["blind", {}, 400],
    ["blind, small and thick", { size: 64, width: 10 }, 150],
    ["hard", { family: "hard" }, 250],
    ["hard, small", { family: "hard", size: 64 }, 100],
  ];
  it.each(sets)(
    "%s: walking one line, the other comes as near as a crossing as often as the answer",
    (_, options, count) => {
      for (const item of items("line-intersection", count, options)) {
        const [a, b] = asked(item);
        const near = 0.4 * (a.width + 1);
        const apart = walk(a.points, 0.1).map((point) => far(point, b.points));
        const met = apart.filter((distance, i) => distance < near && !(i > 0 && apart[i - 1] < near)).length;
        expect(String(met)).toBe(item.question.answer);
        const [region] = item.question.regions;
        const points = region?.kind === "points" ? region.points : [];
        expect(points).toHaveLength(met);
        for (const point of points)
          for (const line of [a, b]) expect(far(point, line.points)).toBeLessThan(1e-6);
        for (const other of lines(item.drawing))
          if (other !== a && other !== b)
            for (const point of points) expect(far(point, other.points)).toBeGreaterThan(a.width);
      }
    },
  );

  it("never leaves it open whether lines cross: ends and bends keep away", () => {
    for (const item of [
      ...items("line-intersection", 300),
      ...items("line-intersection", 200, { family: "hard" }),
    ]) {
      const [a, b] = asked(item);
      for (const knot of a.points) expect(far(knot, b.points)).toBeGreaterThan(a.width + 1);
      for (const knot of b.points) expect(far(knot, a.points)).toBeGreaterThan(a.width + 1);
    }
  });

  it("refuses strokes too wide for what is asked, rather than to search for ever", () => {
    const wide = { family: "hard", width: 24, crossings: 6 };
    expect(() => items("line-intersection", 50, wide)).toThrow("width must be thin enough");
  });

  it("refuses counts that its family cannot have", () => {
    expect(() => items("line-intersection", 1, { crossings: [4] })).toThrowErrorMatchingInlineSnapshot(
      `[UserError: line-intersection: crossings must be 0, 1 or 2 in the family blind, got [4]]`,
    );
  });
});

describe("marked-cell", () => {
  it.each([64, 336])(
    "at %i px: the middle of the mark has as many lines before it as the answer says",
    (size) => {
      for (const { drawing, question } of items("marked-cell", 400, { size, distractors: [0, 1, 3] })) {
        const isGrid = (line: LineShape) => colourKey(line) === "60 60 60";
        const grid = lines(drawing).filter(isGrid);
        const marks = drawing.shapes.filter((shape) => shape.kind !== "line" || !isGrid(shape));
        const name = /the (\w+) mark/.exec(question.question)?.[1];
        const named =
          name === undefined
            ? marks
            : marks.filter((m) => colourKey(m) === inks[name as keyof typeof inks].join(" "));
        expect(new Set(named.map(colourKey)).size).toBe(1);
        const corners = named.flatMap(extent);
        const [x, y] = [0, 1].map((axis) => {
          const values = corners.map((corner) => corner[axis]);
          return (Math.min(...values) + Math.max(...values)) / 2;
        });
        const row = grid.filter(({ points: [a, b] }) => a[1] === b[1] && a[1] < y).length;
        const column = grid.filter(({ points: [a, b] }) => a[0] === b[0] && a[0] < x).length;
        expect(question.answer).toBe(`row ${row} column ${column}`);
        const [region] = question.regions;
        if (region.kind !== "box") throw new Error("region must be a box");
        const [x0, y0, x1, y1] = region.box;
        expect(x > x0 && x < x1 && y > y0 && y < y1).toBe(true);
      }
    },
  );
});

describe("counting", () => {
  it("shows as many outlines as the answer, none on another", () => {
    for (const { drawing, question, difficulty } of items("counting", 400, {
      kind: ["circles", "pentagons"],
    })) {
      const centres = drawing.shapes.map((shape): Point => {
        if (shape.kind === "ring") return shape.centre;
        const { points } = shape as LineShape;
        expect(points).toHaveLength(6);
        return [0, 1].map((axis) =>
          points.slice(1).reduce((sum, p) => sum + p[axis] / 5, 0),
        ) as unknown as Point;
      });
      expect(difficulty.kind).toBe(drawing.shapes[0].kind === "ring" ? "circles" : "pentagons");
      expect(question.answer).toBe(String(centres.length));
      expect(question.regions).toHaveLength(centres.length);
      for (const [i, centre] of centres.entries())
        for (const other of centres.slice(0, i))
          expect(span(centre, other)).toBeGreaterThan(0.06 * drawing.width);
    }
  });

  it.each([64, 336])("leaves white between circles that are apart, at %i px", (size) => {
    for (const { drawing, question } of items("counting", 60, { kind: "circles", layout: "apart", size })) {
      const { data } = paint(drawing);
      const inside = (pixel: number) =>
        data[3 * pixel] === 255 && data[3 * pixel + 1] === 255 && data[3 * pixel + 2] === 255;
      expect(areas(size, size, inside)).toBe(Number(question.answer) + 1);
    }
  });

  it.each([64, 336])("shows rows times columns of white cells, at %i px", (size) => {
    for (const { drawing, question, difficulty } of items("counting", 60, {
      kind: ["rows", "columns"],
      size,
    })) {
      const { data } = paint(drawing);
      const cells = areas(size, size, (pixel) => data[3 * pixel] === 255 && data[3 * pixel + 1] === 255) - 1;
      const across = lines(drawing).filter(({ points: [a, b] }) => a[1] === b[1]).length - 1;
      const down = lines(drawing).length - 2 - across;
      expect(cells).toBe(across * down);
      expect(question.answer).toBe(String(difficulty.kind === "rows" ? across : down));
      expect(question.regions).toHaveLength(Number(question.answer));
    }
  });
});

describe("touching-circles", () => {
  it.each([64, 336])("is a pixel or more from the tangent, at %i px", (size) => {
    for (const { drawing, question } of items("touching-circles", 500, { size })) {
      const [a, b] = drawing.shapes as (DiscShape | RingShape)[];
      const reach = (shape: DiscShape | RingShape) =>
        shape.radius + (shape.kind === "ring" ? shape.width / 2 : 0);
      const gap = span(a.centre, b.centre) - reach(a) - reach(b);
      expect(Math.abs(gap)).toBeGreaterThan(1 - 1e-9);
      expect(question.answer).toBe(gap < 0 ? "yes" : "no");
      const [region] = question.regions;
      if (region.kind !== "points") throw new Error("region must be a point");
      for (const circle of [a, b])
        expect(span(circle.centre, region.points[0])).toBeCloseTo(span(a.centre, b.centre) / 2, 9);
    }
  });

  it("refuses a gap of nothing", () => {
    expect(() => items("touching-circles", 1, { gap: 0 })).toThrow("must not be 0");
  });
});

describe("nested-squares", () => {
  it.each([64, 96, 336])("shows one white area more than squares, at %i px", (size) => {
    for (const { drawing, question } of items("nested-squares", 60, { size })) {
      const { data } = paint(drawing);
      const white = (pixel: number) =>
        data[3 * pixel] === 255 && data[3 * pixel + 1] === 255 && data[3 * pixel + 2] === 255;
      expect(String(areas(size, size, white) - 1)).toBe(question.answer);
    }
  });

  it("has square squares, each inside the one before", () => {
    for (const { question } of items("nested-squares", 200)) {
      const boxes = question.regions.map((region) => (region.kind === "box" ? region.box : []));
      for (const [i, [x0, y0, x1, y1]] of boxes.entries()) {
        expect(x1 - x0).toBeCloseTo(y1 - y0, 9);
        if (i === 0) continue;
        const [left, top, right, bottom] = boxes[i - 1];
        expect(x0 > left && y0 > top && x1 < right && y1 < bottom).toBe(true);
      }
    }
  });

  it("refuses strokes that leave no room", () => {
    expect(() => items("nested-squares", 20, { width: 24, depth: 8 })).toThrowErrorMatchingInlineSnapshot(
      `[UserError: nested-squares: width must be thinner, so that all squares fit, got 24]`,
    );
  });
});

describe("circled-letter", () => {
  it.each([64, 336])(
    "holds the strokes of the answer inside the ring, and of no other letter, at %i px",
    (size) => {
      for (const { drawing, question } of items("circled-letter", 300, {
        size,
        text: ["words", "random", "paper"],
      })) {
        const [ring] = lines(drawing);
        const xs = ring.points.map(([x]) => x);
        const ys = ring.points.map(([, y]) => y);
        const centre: Point = [
          (Math.min(...xs) + Math.max(...xs)) / 2,
          (Math.min(...ys) + Math.max(...ys)) / 2,
        ];
        const half = [Math.max(...xs) - centre[0], Math.max(...ys) - centre[1]];
        const place = ([x, y]: Point) => Math.hypot((x - centre[0]) / half[0], (y - centre[1]) / half[1]);
        const letters = drawing.shapes.filter((shape): shape is TextShape => shape.kind === "text");
        const within = letters.filter((letter) =>
          textStrokes(letter)
            .flat()
            .every((point) => place(point) < 1),
        );
        const outside = letters.filter((letter) =>
          textStrokes(letter)
            .flat()
            .every((point) => place(point) > 1),
        );
        expect(within.map(({ text }) => text)).toEqual([question.answer]);
        expect(outside).toHaveLength(letters.length - 1);
        expect(letters.filter(({ text }) => text === question.answer)).toHaveLength(1);
      }
    },
  );

  it("asks for every letter in words of every length", () => {
    for (const length of [5, 7, 9]) {
      const all = items("circled-letter", 800, { text: "words", length, case: "lower" });
      expect(new Set(all.map(({ question }) => question.answer)).size).toBe(26);
      for (const { drawing } of all) expect(drawing.shapes).toHaveLength(length + 1);
    }
  });
});

/** The letter whose bar a point lies at. */
function stationAt({ drawing }: Item, [x, y]: Point): string {
  const bars = drawing.shapes.filter((shape): shape is PolygonShape => shape.kind === "polygon");
  const letters = drawing.shapes.filter((shape): shape is TextShape => shape.kind === "text");
  const at = bars.filter(({ points }) => {
    const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
    const slack = 1e-6;
    const within = (value: number, values: number[]) =>
      value > Math.min(...values) - slack && value < Math.max(...values) + slack;
    return within(x, xs) && within(y, ys);
  });
  expect(at).toHaveLength(1);
  const middle = [0, 1].map((axis) =>
    at[0].points.reduce((sum, p) => sum + p[axis] / 4, 0),
  ) as unknown as Point;
  return letters.sort((a, b) => span(a.centre, middle) - span(b.centre, middle))[0].text;
}

describe("path-following", () => {
  const all = items("path-following", 300, { detours: [0, 1, 2] });

  it("has as many paths between the stations as the answer says", () => {
    for (const item of all) {
      const [, from, to] = /from (\w) to (\w) \?/.exec(item.question.question)!;
      const ends = lines(item.drawing).map(({ points }) =>
        [points[0], points[points.length - 1]]
          .map((end) => stationAt(item, end))
          .sort()
          .join(""),
      );
      expect(ends).toHaveLength(Number(item.difficulty.paths));
      const wanted = [from, to].sort().join("");
      expect(String(ends.filter((pair) => pair === wanted).length)).toBe(item.question.answer);
      const counted = lines(item.drawing).filter((_, i) => ends[i] === wanted);
      expect(
        new Set(item.question.regions.map((region) => region.kind === "polyline" && region.points)),
      ).toEqual(new Set(counted.map(({ points }) => points)));
    }
  });

  it("has paths that cross others at right angles, away from bends, and never themselves", () => {
    for (const { drawing } of all) {
      const paths = lines(drawing);
      expect(new Set(paths.map(colourKey)).size).toBe(paths.length);
      for (const [i, { points }] of paths.entries()) {
        for (const [k, point] of points.entries()) {
          if (k > 0) expect(point[0] === points[k - 1][0]).not.toBe(point[1] === points[k - 1][1]);
          for (const [j, other] of paths.entries())
            if (i !== j) expect(far(point, other.points)).toBeGreaterThan(2);
        }
        for (let a = 1; a < points.length; a++)
          for (let b = a + 2; b < points.length; b++) {
            const other = [points[b - 1], points[b]];
            const near = walk([points[a - 1], points[a]], 1.5).map((spot) => far(spot, other));
            expect(Math.min(...near)).toBeGreaterThan(2);
          }
      }
    }
  });

  it("refuses paths so wide that they would touch", () => {
    expect(() => items("path-following", 20, { width: 20, paths: 6 })).toThrow("width must be thinner");
  });

  it("refuses more paths between two stations than there are", () => {
    expect(() => items("path-following", 1, { paths: 1, count: 3 })).toThrowErrorMatchingInlineSnapshot(
      `[UserError: path-following: count must be at most the number of paths, 1, got [3]]`,
    );
  });
});
