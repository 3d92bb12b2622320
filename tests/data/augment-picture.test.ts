import { describe, expect, it } from "vitest";
import type { RgbImage } from "../../src/common/image.ts";
import { random } from "../../src/common/random.ts";
import { mappingOf, movedPicture, movedRegion } from "../../src/data/augment/move.ts";
import type { AugmentOptions } from "../../src/data/augment/options.ts";
import { augmentedExample, changesPictures } from "../../src/data/augment/picture.ts";
import type { Example } from "../../src/data/example.ts";
import type { MaskRegion, Region } from "../../src/grounding/region.ts";
import { decodeMask, encodeMask } from "../../src/grounding/rle.ts";

/** A picture whose pixels inside the mask are white, the others black. */
function pictureOf(mask: Uint8Array, width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < mask.length; i++) data.fill(255 * mask[i], 3 * i, 3 * i + 3);
  return { width, height, data };
}

/** An L of pixels in a 9 x 9 picture, on no symmetry of it. */
const L = Uint8Array.from({ length: 81 }, (_, i) => {
  const [x, y] = [i % 9, Math.floor(i / 9)];
  return (x === 1 && y >= 1 && y <= 5) || (y === 5 && x >= 1 && x <= 3) ? 1 : 0;
});
const shown = (region: Region | undefined) => [...decodeMask(region as MaskRegion)];
const mask = encodeMask(L, 9, 9);

describe("a moved picture", () => {
  it("and its mask are the same pixels after quarter turns and mirroring", () => {
    for (const quarter of [0, 1, 2, 3])
      for (const flip of [false, true]) {
        const mapping = mappingOf({ scale: 1, rotation: (quarter * Math.PI) / 2, flip }, 9, 9);
        const { data } = movedPicture(pictureOf(L, 9, 9), mapping);
        const white = [...data].filter((_, i) => i % 3 === 0).map((value) => (value > 127 ? 1 : 0));
        expect(shown(movedRegion(mask, mapping))).toEqual(white);
        expect(white.reduce<number>((sum, value) => sum + value, 0)).toBe(7);
      }
  });

  it("turns clockwise: what lay at the top left lies at the top right", () => {
    const mapping = mappingOf({ scale: 1, rotation: Math.PI / 2, flip: false }, 9, 9);
    const [x, y] = mapping.forward([1.5, 1.5]);
    expect([x, y]).toEqual([expect.closeTo(7.5, 9), expect.closeTo(1.5, 9)]);
    const back = mapping.back(x, y);
    expect(back).toEqual([expect.closeTo(1.5, 9), expect.closeTo(1.5, 9)]);
  });

  it("moves boxes, points and lines by the same rule, cut to the picture", () => {
    const twice = mappingOf({ scale: 2, rotation: 0, flip: true }, 20, 10);
    expect(movedRegion({ kind: "box", box: [2, 4, 9, 6] }, twice)).toEqual({
      kind: "box",
      box: [12, 3, 20, 7],
    });
    expect(movedRegion({ kind: "box", box: [0, 0, 4, 2] }, twice)).toBeUndefined();
    expect(
      movedRegion(
        {
          kind: "points",
          points: [
            [9, 5],
            [1, 1],
          ],
        },
        twice,
      ),
    ).toEqual({
      kind: "points",
      points: [[12, 5]],
    });
    expect(
      movedRegion(
        {
          kind: "polyline",
          points: [
            [9, 5],
            [1, 1],
          ],
        },
        twice,
      ),
    ).toEqual({
      kind: "polyline",
      points: [
        [12, 5],
        [28, -3],
      ],
    });
  });

  it("has a box around what was turned", () => {
    const eighth = mappingOf({ scale: 1, rotation: Math.PI / 4, flip: false }, 20, 20);
    const { box } = movedRegion({ kind: "box", box: [8, 8, 12, 12] }, eighth) as Extract<
      Region,
      { kind: "box" }
    >;
    const half = 2 * Math.SQRT2;
    for (const [i, value] of [10 - half, 10 - half, 10 + half, 10 + half].entries())
      expect(box[i]).toBeCloseTo(value, 9);
  });
});

const boat: Example = {
  id: "a",
  image: pictureOf(L, 9, 9),
  questions: [{ task: "own", question: "what is this ?", answer: "a boat", regions: [mask] }],
  concepts: [
    { word: "boat", regions: [mask] },
    { word: "cat", regions: [] },
  ],
};
const all: AugmentOptions = {
  hue: 30,
  contrast: 0.3,
  blur: 1,
  noise: 4,
  scale: [0.8, 1.2],
  rotation: 20,
  flip: 0.5,
};
const draw = (example: Example, options: AugmentOptions, seed = 1) =>
  augmentedExample(example, options, random("augment", seed));

describe("an example of a folder", () => {
  it("is the same again from the same numbers, and another from others", () => {
    expect(draw(boat, all)).toEqual(draw(boat, all));
    expect(draw(boat, all).image.data).not.toEqual(draw(boat, all, 2).image.data);
    expect(draw(boat, {})).toEqual(boat);
  });

  it("keeps absent concepts, and question and concept have the same moved mask", () => {
    const { questions, concepts } = draw(boat, { rotation: 90 });
    expect(concepts.map(({ word }) => word)).toEqual(["boat", "cat"]);
    expect(questions[0].regions).toEqual(concepts[0].regions);
    expect(questions[0].regions).not.toEqual([mask]);
  });

  it("stays in its place where an answer is one", () => {
    const asked = (question: string, answer: string, answerType?: "cell" | "points"): Example => ({
      ...boat,
      questions: [{ task: "own", question, answer, regions: [mask], ...(answerType && { answerType }) }],
    });
    for (const example of [
      asked("where is it ?", "b3"),
      asked("what is at b3 ?", "boat"),
      asked("where is it ?", "row 2 column 3"),
      asked("point to it .", "there", "points"),
      asked("point to it .", "34 71"),
      asked("point to it .", "80 12 , 34 71"),
      asked("point to it .", "34, 71"),
      asked("point to it .", "0.34 0.71"),
      asked("point to it .", "it is at (34, 71)."),
      asked("where is it ?", '{"bbox_2d": [12, 30.5, 40, 62]}'),
      asked("where is it ?", "<loc0123><loc0040><loc0300><loc0090> boat"),
    ])
      expect(draw(example, { rotation: 90, scale: [0.5, 2], flip: 1 })).toEqual(example);
  });

  it("is not mirrored where a text names a side", () => {
    const left = { ...boat, questions: [{ ...boat.questions[0], answer: "the left boat" }] };
    expect(draw(left, { flip: 1 })).toEqual(left);
    const mirrored = shown(draw(boat, { flip: 1 }).questions[0].regions[0]);
    expect(mirrored).toEqual(Array.from({ length: 81 }, (_, i) => L[i - (i % 9) + 8 - (i % 9)]));
  });

  it("is turned a little at most where a text names a direction", () => {
    const above = { ...boat, questions: [{ ...boat.questions[0], answer: "the boat above the pier" }] };
    const anywhere = draw(boat, { rotation: 180 }, 2);
    const little = draw(above, { rotation: 180 }, 2);
    expect(little.image).toEqual(draw(boat, { rotation: 15 }, 2).image);
    expect(little.image).not.toEqual(anywhere.image);
  });

  it("loses from masks what is hidden, and what is hidden wholly", () => {
    for (let seed = 0; seed < 20; seed++) {
      const { image, questions, concepts } = draw(boat, { occluders: 20 }, seed);
      const left = shown(questions[0].regions[0]);
      left.forEach((value, i) => {
        if (value === 1) expect(image.data[3 * i]).toBeGreaterThan(127); // At most half covered.
        expect(value).toBeLessThanOrEqual(L[i]);
      });
      expect(left).toContain(1);
      expect(concepts[0].regions).toEqual(questions[0].regions);
    }
  });

  it("is not asked about what lies outside now, in whole or in part", () => {
    const box = (x0: number, y0: number, x1: number, y1: number) =>
      ({ kind: "box", box: [x0, y0, x1, y1] }) as const;
    const [middle, edge, corner] = [box(3, 3, 6, 6), box(0, 3, 3, 6), box(0, 0, 2, 2)];
    const asked = (question: string, regions: readonly Region[]) => ({
      ...boat.questions[0],
      question,
      regions,
    });
    const points: Region = {
      kind: "points",
      points: [
        [4.5, 4.5],
        [1, 1],
      ],
    };
    const example: Example = {
      ...boat,
      questions: [
        asked("what is in the middle ?", [middle]),
        asked("what is cut off for more than half ?", [edge]),
        asked("how many are there ?", [middle, corner]),
        asked("how many points are there ?", [points]),
      ],
      concepts: [
        { word: "boat", regions: [middle, corner] },
        { word: "bird", regions: [corner] },
      ],
    };
    const { questions, concepts } = draw(example, { scale: [2, 2] });
    expect(questions.map(({ question }) => question)).toEqual(["what is in the middle ?"]);
    expect(concepts).toEqual([{ word: "boat", regions: [box(1.5, 1.5, 7.5, 7.5)] }]);
  });

  it("is not asked about a box or a point that is hidden", () => {
    const [x0, y0, side, size] = [10, 12, 8, 40];
    const box: Region = { kind: "box", box: [x0, y0, x0 + side, y0 + side] };
    const point: Region = { kind: "points", points: [[30, size]] };
    const line: Region = { kind: "polyline", points: [[0, 0], [8, 8]] }; // biome-ignore format: a line
    const asked = (question: string, region: Region) => ({
      ...boat.questions[0],
      question,
      regions: [region],
    });
    const example = {
      ...boat,
      image: pictureOf(new Uint8Array(size * size), size, size),
      questions: [asked("box", box), asked("point", point), asked("line", line)],
      concepts: [],
    };
    const times = { box: 0, point: 0, line: 0 };
    for (let seed = 0; seed < 40; seed++) {
      const { image, questions } = draw(example, { occluders: 20 }, seed);
      const isBlack = (x: number, y: number) =>
        [0, 1, 2].every((c) => image.data[3 * (size * y + x) + c] === 0);
      const pixels = Array.from({ length: side * side }, (_, i) => [i % side, Math.floor(i / side)]);
      const black = pixels.filter(([x, y]) => isBlack(x0 + x, y0 + y)).length / pixels.length;
      for (const { question } of questions) times[question as keyof typeof times]++;
      if (questions.some(({ question }) => question === "box")) expect(black).toBeGreaterThan(0.25); // Edges are soft.
    }
    expect(times.line).toBe(40);
    for (const count of [times.box, times.point]) {
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThan(40);
    }
  });

  it("is left alone by options of scenes", () => {
    expect(changesPictures({ backgrounds: ["texture"] })).toBe(false);
    expect(changesPictures({ hue: 0 })).toBe(false);
    expect(changesPictures({ hue: 1 })).toBe(true);
  });
});
