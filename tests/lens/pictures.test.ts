import { expect, test } from "vitest";
import { gridGeometry } from "../../src/grounding/geometry.ts";
import { colourAt, colourMaps } from "../../src/lens/colour.ts";
import { attentionScale, heatPicture, lensScale } from "../../src/lens/pictures.ts";

test("all maps of a figure share one scale; probabilities start at 0", () => {
  const { range, drawn } = lensScale("probability", [
    [0.2, 0.4],
    [0.3, 0.9],
  ]);
  expect(range).toEqual({ low: 0, high: 0.9 });
  expect(drawn([0.2])).toEqual([0.2]);
  expect(lensScale("logit", [[-3, 2]]).range).toEqual({ low: -3, high: 2 });
  expect(attentionScale([[0.1], [0.5]]).range).toEqual({ low: 0, high: 0.5 });
});

test("the best rank has the highest colour, in steps of its logarithm", () => {
  const { range, drawn } = lensScale("rank", [[1, 10, 1000]]);
  expect(range).toEqual({ low: 3, high: 0 });
  expect(Array.from(drawn([1, 10, 1000]))).toEqual([0, 1, 3]);
  const black = { width: 2, height: 1, data: new Uint8Array(6) };
  const geometry = gridGeometry(black, 1);
  const painted = heatPicture(black, geometry, drawn([1, 1000]), { colours: colourMaps.magma, range }, 2);
  const share = (t: number) => colourAt(colourMaps.magma, t).map((value) => Math.round(0.6 * value));
  expect(Array.from(painted.data)).toEqual([...share(1), ...share(0)]);
});

test("in an enlarged view heat stays on its patch", () => {
  const picture = { width: 8, height: 8, data: new Uint8Array(8 * 8 * 3) };
  const scale = { colours: colourMaps.viridis, range: { low: 0, high: 1 } };
  const { width, data } = heatPicture(picture, gridGeometry(picture, 4), [0, 1, 0, 0], scale, 24);
  expect(width).toBe(24);
  const hot = Math.round(0.6 * colourAt(colourMaps.viridis, 1)[0]);
  for (let y = 0; y < 24; y++)
    for (let x = 0; x < 24; x++) expect(data[3 * (24 * y + x)] === hot).toBe(x >= 12 && y < 12);
});
