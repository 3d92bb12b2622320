/** What tables, matrices and curves are worked out from. */
import { expect, test } from "vitest";
import { endLabels, rangeOfSeries, tableOf } from "../../src/elements/curves/series.ts";
import { headText, includes, numberStep, strongest } from "../../src/elements/heads/matrix.ts";
import { flatColour, gradientOf, inkOn } from "../../src/elements/map/veil.ts";
import { attendLine, attendMap, tokenName, tokensOf } from "../../src/elements/views/attend-view.ts";
import { cellAfter, columnsFor, wordLines } from "../../src/elements/words/table.ts";
import { gridGeometry } from "../../src/grounding/geometry.ts";
import { colourMaps } from "../../src/lens/colour.ts";

const word = (token: string, probability: number) => ({ token, id: 7, probability });

test("layers go downwards, pins across, with words as people read them and the searched word's rank", () => {
  const pins = [
    { name: "1", rows: [{ layer: 2, words: [word("Ġowl", 0.98)], rank: 1 }] },
    { name: "2", rows: [{ layer: 0, words: [word("", 0.004), word("▁cat", 0.003)], rank: 1204 }] },
  ];
  expect(columnsFor(pins, 900, true)).toBe(2);
  expect(columnsFor(pins, 400, true)).toBe(1);
  expect(columnsFor(pins.slice(0, 1), 0, false)).toBe(1);
  const lines = wordLines(pins, 2);
  expect(lines.map(({ layer }) => layer)).toEqual([0, 2]);
  expect(lines[0].pins[0].cells).toEqual([undefined, undefined]);
  expect(lines[0].pins[1].cells.map((cell) => cell?.word)).toEqual(["(no token 7)", "cat"]);
  expect(lines[0].pins[1].rank).toBe("1,204th");
  expect(lines[1].pins[0]).toMatchObject({
    cells: [{ word: "owl", number: "0.98" }, undefined],
    rank: "1st",
  });
});

test("arrows, Home and End stay in the table", () => {
  expect(cellAfter("ArrowDown", [2, 0], 3, 4)).toEqual([2, 0]);
  expect(cellAfter("End", [1, 1], 3, 4)).toEqual([1, 3]);
  expect(cellAfter("PageUp", [2, 1], 3, 4)).toEqual([0, 1]);
  expect(cellAfter("x", [0, 0], 3, 4)).toBeUndefined();
});

test("the strongest head, by the numbers that people read", () => {
  const shares = [
    [0.1, 0.2],
    [0.9, 0.9],
  ];
  expect(strongest(shares, [3, 7])).toEqual({ layer: 7, head: 1 });
  expect(strongest([], [])).toBeUndefined();
  expect(includes([{ layer: 7, head: 1 }], { layer: 7, head: 1 })).toBe(true);
  expect(headText({ layer: 7, head: 1 }, 0.9, { what: "on the image", isSink: true, isStruck: true })).toBe(
    "layer 7, head 1: 90 % on the image, mostly on a sink, struck out",
  );
});

test("numbers above columns keep apart", () => {
  expect(numberStep(4, 240)).toBe(1);
  expect(numberStep(32, 240)).toBe(4);
});

test("names at the ends of curves do not lie on each other, and stay inside", () => {
  const curve = (name: string, y: number) => ({
    name,
    colour: "red",
    points: [
      [0, 1],
      [9, y],
    ] as const,
  });
  const labels = endLabels([curve("a", 0.5), curve("b", 0.52), curve("c", 1), curve("d", 0.99)], 0.1, [0, 1]);
  const ys = labels.map(({ y }) => y).sort((a, b) => a - b);
  for (let i = 1; i < ys.length; i++) expect(ys[i] - ys[i - 1]).toBeGreaterThan(0.0999);
  expect(ys.at(-1)).toBeLessThanOrEqual(1);
  expect(labels.map(({ name }) => name)).toEqual(["a", "b", "c", "d"]);
});

test("curves' range and table: gaps stay gaps, long curves are thinned to their ends", () => {
  const points = Array.from({ length: 100 }, (_, x) => [x, x === 3 ? Number.NaN : x / 10] as const);
  const series = [{ name: "a", colour: "red", points }];
  expect(rangeOfSeries(series)).toEqual([0, 9.9]);
  expect(rangeOfSeries([])).toEqual([0, 1]);
  const rows = tableOf(series, 5);
  expect(rows).toHaveLength(5);
  expect([rows[0].x, rows[4].x]).toEqual([0, 99]);
});

test("a scale's flat colours darken towards its end, and numbers on them are read", () => {
  const brightness = (t: number) =>
    flatColour(colourMaps.heat, t)
      .match(/\d+/g)!
      .reduce((sum, part) => sum + Number(part), 0);
  expect(brightness(1)).toBeLessThan(brightness(0.4));
  expect(inkOn(colourMaps.heat, 1)).toBe("#ffffff");
  expect(inkOn(colourMaps.heat, 0.2)).toBe("#1b1b1a");
  expect(gradientOf(colourMaps.heat)).toMatch(/^linear-gradient\(to right, rgb/);
});

test("a view's tokens are those of the answer, then those of the prompt, with their shares in words", () => {
  const geometry = gridGeometry({ width: 2, height: 1 }, 1);
  const layer = { layer: 1, share: 0.5, map: [0.25, 0.75], sinks: 0.25 };
  const token = { token: "Ġcat", layers: [layer] };
  const asked = { id: 9, token: "", layers: [{ ...layer, map: [1, 0], sinks: 0 }] };
  const regions = [{ kind: "box", box: [1, 0, 2, 1] }] as const;
  const view = {
    title: "m",
    question: "q",
    answer: "cat",
    geometry,
    tokens: [token],
    prompt: [asked],
    regions,
  };
  expect(tokensOf(view).map(tokenName)).toEqual(["cat", "(id 9)"]);
  expect(attendLine(view, 0, 0)).toBe(
    "50 % on the image, most at row 1, column 2: 75 % of that; 75 % of it on the marked region; 25 % of it on sinks",
  );
  expect(attendLine(view, 1, 0)).toContain(
    "most at row 1, column 1: 100 % of that; 0 % of it on the marked region",
  );
  expect(attendMap(view, 1, 0)?.values).toEqual([1, 0]);
  expect(attendMap(view, 2, 0)).toBeUndefined();
});
