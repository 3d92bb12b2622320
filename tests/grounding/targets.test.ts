import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ImageGeometry } from "../../src/common/image.ts";
import { coverage, polylineLengths } from "../../src/grounding/coverage.ts";
import { gridGeometry, patchBox, toOriginal, toProcessed } from "../../src/grounding/geometry.ts";
import type { Region } from "../../src/grounding/region.ts";
import { encodeMask } from "../../src/grounding/rle.ts";
import { type BoxRule, boxRules, targetMap } from "../../src/grounding/target.ts";

/** 16 x 12 patches of 8 pixels. */
const image = { width: 128, height: 96 };
const plain = gridGeometry(image, 8);

/** A region of any kind within [low, high) pixels, to be moved and scaled as a whole. */
function regions(low: number, high: number): fc.Arbitrary<Region> {
  const at = fc.double({ min: low, max: high - 1, noNaN: true });
  const point = fc.tuple(at, at);
  const box = fc
    .tuple(
      at,
      at,
      fc.double({ min: 0.5, max: 20, noNaN: true }),
      fc.double({ min: 0.5, max: 20, noNaN: true }),
    )
    .map(([x, y, w, h]) => [x, y, Math.min(high, x + w), Math.min(high, y + h)] as const);
  const points = fc.array(point, { minLength: 1, maxLength: 4 });
  const line = fc
    .array(point, { minLength: 2, maxLength: 4 })
    .filter(([[x0, y0], [x1, y1]]) => Math.hypot(x1 - x0, y1 - y0) > 0.01);
  return fc.oneof(
    points.map((points): Region => ({ kind: "points", points })),
    box.map((box): Region => ({ kind: "box", box })),
    line.map((points): Region => ({ kind: "polyline", points })),
    box.map(([x0, y0, x1, y1]): Region => maskOf(x0, y0, x1 + 1, y1 + 1)),
  );
}

function maskOf(x0: number, y0: number, x1: number, y1: number, { width, height } = image): Region {
  const inside = (i: number) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return x >= Math.floor(x0) && x < Math.floor(x1) && y >= Math.floor(y0) && y < Math.floor(y1) ? 1 : 0;
  };
  return encodeMask(
    Array.from({ length: width * height }, (_, i) => inside(i)),
    height,
    width,
  );
}

function moved(region: Region, dx: number, dy: number): Region {
  if (region.kind === "box") {
    const [x0, y0, x1, y1] = region.box;
    return { kind: "box", box: [x0 + dx, y0 + dy, x1 + dx, y1 + dy] };
  }
  if (region.kind === "mask") {
    const [height, width] = region.size;
    const shift = dx * height + dy;
    const [first, ...rest] = region.counts;
    const counts = [first + shift, ...rest.slice(0, -1), rest.at(-1)! - shift];
    return { kind: "mask", size: [height, width], counts };
  }
  return { ...region, points: region.points.map(([x, y]) => [x + dx, y + dy] as const) };
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) expect(actual[i]).toBeCloseTo(expected[i], 5);
}

function shifted(map: Float32Array, right: number, down: number, { grid }: ImageGeometry): number[] {
  return Array.from(map, (_, i) => {
    const [column, row] = [(i % grid.columns) - right, Math.floor(i / grid.columns) - down];
    const inside = column >= 0 && row >= 0 && column < grid.columns && row < grid.rows;
    return inside ? map[row * grid.columns + column] : 0;
  });
}

const anyBoxRule = fc.constantFrom(...(Object.keys(boxRules) as BoxRule[]));

describe("target maps", () => {
  it("sum to one", () => {
    fc.assert(
      fc.property(fc.array(regions(0, 90), { minLength: 1, maxLength: 3 }), anyBoxRule, (all, box) => {
        const map = targetMap(all, plain, { box })!;
        expect(map.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
        expect(Math.min(...map)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it("move by a patch when the object does", () => {
    fc.assert(
      fc.property(regions(28, 56), anyBoxRule, fc.nat(1), fc.nat(1), (region, box, right, down) => {
        const map = targetMap([region], plain, { box })!;
        const after = targetMap([moved(region, 8 * right, 8 * down)], plain, { box })!;
        expectClose(after, shifted(map, right, down, plain));
      }),
    );
  });

  it("stay when image and region are scaled together", () => {
    fc.assert(
      fc.property(
        regions(0, 90),
        fc.constantFrom(0.5, 1.3, 3),
        fc.constantFrom(0.75, 2),
        (region, sx, sy) => {
          if (region.kind === "mask") return; // Its pixels are tied to the image; tested below.
          const scaled = gridGeometry({ width: image.width * sx, height: image.height * sy }, 8, image);
          const map = (x: number, y: number) => [x * sx, y * sy] as [number, number];
          const big: Region =
            region.kind === "box"
              ? {
                  kind: "box",
                  box: [...map(region.box[0], region.box[1]), ...map(region.box[2], region.box[3])],
                }
              : { ...region, points: region.points.map(([x, y]) => map(x, y)) };
          expectClose(targetMap([big], scaled)!, targetMap([region], plain)!);
        },
      ),
    );
  });

  it("do not exist for regions outside the part that is seen", () => {
    const cropped: ImageGeometry = {
      ...plain,
      offsetX: -64,
      processed: { width: 64, height: 96 },
      grid: { rows: 12, columns: 8 },
    };
    const outside: Region[] = [
      { kind: "box", box: [0, 0, 60, 60] },
      { kind: "points", points: [[30, 30]] },
      { kind: "polyline", points: [[0, 0], [60, 60]] }, // biome-ignore format: points
      maskOf(2, 2, 40, 40),
    ];
    for (const region of outside) expect(targetMap([region], cropped)).toBeUndefined();
    for (const box of Object.keys(boxRules) as BoxRule[])
      expect(targetMap([outside[0]], cropped, { box })).toBeUndefined();
    expect(targetMap([], plain)).toBeUndefined();
    const inside = targetMap([{ kind: "points", points: [[68, 4]] }, outside[0]], cropped)!;
    expect(inside.indexOf(Math.max(...inside))).toBe(0);
  });

  it("give every region the same mass", () => {
    const small: Region = maskOf(0, 0, 8, 8);
    const large: Region = maskOf(64, 0, 128, 96);
    const map = targetMap([small, large], plain)!;
    expect(map[0]).toBeCloseTo(0.5, 6);
  });

  it("follow the formulas on small grids", () => {
    const grid = gridGeometry({ width: 3, height: 1 }, 1);
    const middle: Region = { kind: "points", points: [[1.5, 0.5]] };
    // Gaussian of deviation 1 at the middle patch: exp(-1/2) at the neighbours; of the default 1/2: exp(-2).
    const side = Math.exp(-0.5) / (1 + 2 * Math.exp(-0.5));
    expectClose(targetMap([middle], grid, { pointSigma: 1 })!, [side, 1 - 2 * side, side]);
    const low = Math.exp(-2) / (1 + 2 * Math.exp(-2));
    expectClose(targetMap([middle], grid)!, [low, 1 - 2 * low, low]);
    // Coverage 0, 1, 0 smoothed with deviation 1/2.
    expectClose(targetMap([{ kind: "box", box: [1, 0, 2, 1] }], grid)!, [low, 1 - 2 * low, low]);
    // A line over 0.25, 1 and 0.75 patches.
    const line: Region = { kind: "polyline", points: [[0.75, 0.5], [2.75, 0.5]] }; // biome-ignore format: points
    expectClose(targetMap([line], grid)!, [0.125, 0.5, 0.375]);
    // A very narrow Gaussian falls on the patch that holds it.
    expectClose(
      targetMap([{ kind: "points", points: [[2.01, 0.5]] }], grid, { pointSigma: 0.01 })!,
      [0, 0, 1],
    );
  });
});

describe("coverage", () => {
  it("adds up to a box's area, at any scale and offset", () => {
    const numbers = fc.double({ min: 0.3, max: 3, noNaN: true });
    fc.assert(
      fc.property(regions(0, 90), numbers, numbers, (region, scaleX, scaleY) => {
        if (region.kind !== "box") return;
        const [columns, rows] = [Math.ceil((128 * scaleX + 5) / 8), Math.ceil((96 * scaleY + 3) / 8)];
        const geometry: ImageGeometry = {
          original: image,
          processed: { width: columns * 8, height: rows * 8 },
          scaleX,
          scaleY,
          offsetX: 5,
          offsetY: 3,
          patch: 8,
          grid: { rows, columns },
        };
        const [x0, y0, x1, y1] = region.box;
        const area = ((x1 - x0) * scaleX * (y1 - y0) * scaleY) / 64;
        expect(coverage(region, geometry).reduce((sum, share) => sum + share, 0)).toBeCloseTo(area, 3);
        const mask = maskOf(x0, y0, x1, y1);
        const asBox: Region = {
          kind: "box",
          box: [Math.floor(x0), Math.floor(y0), Math.floor(x1), Math.floor(y1)],
        };
        expectClose(coverage(mask, geometry), coverage(asBox, geometry));
      }),
    );
  });

  it("is exact where a pixel falls on several patches", () => {
    const stretched = gridGeometry({ width: 2, height: 1 }, 2, { width: 6, height: 2 });
    expectClose(coverage(encodeMask([0, 1], 1, 2), stretched), [0, 0.5, 1]);
  });

  it("marks the patches that points and lines touch", () => {
    const grid = gridGeometry({ width: 32, height: 16 }, 8);
    expectClose(coverage({ kind: "points", points: [[9, 9], [100, 9]] }, grid), [0, 0, 0, 0, 0, 1, 0, 0]); // biome-ignore format: one row
    expectClose(coverage({ kind: "polyline", points: [[4, 4], [20, 4]] }, grid), [1, 1, 1, 0, 0, 0, 0, 0]); // biome-ignore format: one row
  });

  it("measures a line's length inside the image exactly", () => {
    const lengths = polylineLengths([[-8, -8], [136, 136]], gridGeometry({ width: 128, height: 128 }, 8)); // biome-ignore format: points
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBeCloseTo(16 * Math.SQRT2, 9);
    expect(lengths[17]).toBeCloseTo(Math.SQRT2, 9);
  });
});

describe("geometry", () => {
  it("goes to the processed image and back", () => {
    const any = fc.double({ min: -500, max: 500, noNaN: true });
    const scale = fc.double({ min: 0.1, max: 4, noNaN: true });
    fc.assert(
      fc.property(any, any, scale, scale, any, any, (x, y, scaleX, scaleY, offsetX, offsetY) => {
        const geometry = { ...plain, scaleX, scaleY, offsetX, offsetY };
        const [backX, backY] = toOriginal(toProcessed([x, y], geometry), geometry);
        expect(backX).toBeCloseTo(x, 6);
        expect(backY).toBeCloseTo(y, 6);
      }),
    );
  });

  it("knows what every patch covers: its box covers that patch alone", () => {
    const geometry: ImageGeometry = { ...plain, scaleX: 1.7, scaleY: 0.6, offsetX: -20, offsetY: 10 };
    for (const index of [0, 5, 100, 191]) {
      const shares = coverage({ kind: "box", box: patchBox(geometry, index) }, geometry);
      expectClose(
        shares,
        Array.from(shares, (_, i) => (i === index ? 1 : 0)),
      );
    }
  });
});
