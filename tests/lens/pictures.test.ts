import { expect, test } from "vitest";
import { gridGeometry } from "../../src/grounding/geometry.ts";
import { colourAt, colourMaps } from "../../src/lens/colour.ts";
import { linearScale } from "../../src/lens/scale.ts";
import { shownLayers } from "../../src/lens/sheets/lens-sheet.ts";
import { heatPicture } from "../../src/lens/sheets/pictures.ts";

test("in an enlarged view heat stays on its patch", () => {
  const picture = { width: 8, height: 8, data: new Uint8Array(8 * 8 * 3) };
  const scale = linearScale("probability", 0, 1, colourMaps.viridis);
  const { width, data } = heatPicture(picture, gridGeometry(picture, 4), [0, 1, 0, 0], scale, 24);
  expect(width).toBe(24);
  const hot = colourAt(colourMaps.viridis, 1)[0];
  for (let y = 0; y < 24; y++)
    for (let x = 0; x < 24; x++) expect(data[3 * (24 * y + x)] === hot).toBe(x >= 12 && y < 12);
});

test("the heat ramp falls evenly in lightness and begins as paper", () => {
  const luma = Array.from({ length: 11 }, (_, i) => {
    const [r, g, b] = colourAt(colourMaps.heat, i / 10);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  });
  expect(luma[0]).toBeGreaterThan(245);
  expect(luma[10]).toBeLessThan(40);
  for (let i = 1; i < luma.length; i++) expect(luma[i]).toBeLessThan(luma[i - 1]);
});

test("of a deep model eight layers are shown: the first, the last, where the word appears, and the one before", () => {
  expect(shownLayers(5, 2)).toEqual([0, 1, 2, 3, 4]);
  const shown = shownLayers(31, 21);
  expect(shown).toHaveLength(8);
  for (const layer of [0, 20, 21, 30]) expect(shown).toContain(layer);
  expect(shownLayers(29)).toHaveLength(8);
});
