import { expect, test } from "vitest";
import { gridGeometry } from "../../src/grounding/geometry.ts";
import {
  colourAt,
  colourMaps,
  linearScale,
  maskedPicture,
  maskFromMap,
  overlay,
  paintMap,
  paintView,
  rgbaOf,
  viewAt,
  viewWithin,
} from "../../src/lens/paint.ts";
import { viewOf } from "../../src/lens/sheets/pictures.ts";

const picture = { width: 8, height: 4, data: Uint8Array.from({ length: 96 }, (_, i) => (i * 37) % 256) };
const geometry = gridGeometry(picture, 4);
const scale = linearScale("probability", 0, 1);

test("an opaque picture keeps its colours", () => {
  const { width, height, data } = rgbaOf(picture);
  expect([width, height, data.length]).toEqual([8, 4, 128]);
  expect([...data.subarray(4, 8)]).toEqual([...picture.data.subarray(3, 6), 255]);
});

test("an overlay has the map's colours, and is clear where the model sees nothing", () => {
  const cropped = { ...geometry, offsetX: -4, grid: { rows: 1, columns: 1 } };
  const { data } = overlay(paintMap([1], cropped), scale, 0.5);
  expect(data[3]).toBe(0);
  expect([...data.subarray(4 * 4, 4 * 5)]).toEqual([...colourAt(colourMaps.heat, 1), 128]);
});

test("lines of a view show over its map and change nothing where there are none", () => {
  const flat = { width: 8, height: 4, data: new Uint8Array(96).fill(120) };
  const painted = paintView(viewAt(flat), geometry, [0, 1], scale);
  expect([...painted.data.subarray(0, 3)]).toEqual([...colourAt(colourMaps.heat, 0)]);
  expect([...painted.data.subarray(21, 24)]).toEqual([...colourAt(colourMaps.heat, 1)]);
  const { lines } = viewAt(picture);
  const half = viewAt(picture, { strength: 0.5 }).lines;
  expect(Math.max(...lines)).toBeGreaterThan(0);
  expect([...half]).toEqual([...lines.map((line) => 0.5 * line)]);
});

test("a mask keeps the photo inside it, and must be of its size", () => {
  const { mask } = maskFromMap([0, 1], geometry, 0.5, "nearest");
  const { data } = maskedPicture(picture, mask);
  const at = (bytes: Uint8Array, x: number) => [...bytes.subarray(3 * x, 3 * x + 3)];
  expect(at(data, 6)).toEqual(at(picture.data, 6));
  expect(at(data, 3)).toEqual([168, 20, 10]);
  expect(() => maskedPicture(picture, { ...mask, width: 4 })).toThrow(
    "must be 8 x 4 like its picture, got 4 x 4",
  );
});

test("views are enlarged by whole factors pixel by pixel, or smoothly, as on sheets", () => {
  const sides = [...[24, 31, 20, 4].map((side) => viewWithin(picture, side).picture)];
  expect(sides.map(({ width, height }) => [width, height])).toEqual([
    [24, 12],
    [24, 12],
    [20, 10],
    [4, 2],
  ]);
  expect([...sides[0].data.subarray(0, 9)]).toEqual(
    [0, 1, 2].flatMap(() => [...picture.data.subarray(0, 3)]),
  );
  const onCanvas = viewOf(picture, 24);
  expect(onCanvas).toEqual(viewWithin(picture, 24));
});
