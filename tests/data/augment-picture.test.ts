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
    ])
      expect(draw(example, { rotation: 90, scale: [0.5, 2], flip: 1 })).toEqual(example);
  });

  it("is not mirrored where a text names a side", () => {
    const left = { ...boat, questions: [{ ...boat.questions[0], answer: "the left boat" }] };
    expect(draw(left, { flip: 1 })).toEqual(left);
    const mirrored = shown(draw(boat, { flip: 1 }).questions[0].regions[0]);
    expect(mirrored).toEqual(Array.from({ length: 81 }, (_, i) => L[i - (i % 9) + 8 - (i % 9)]));
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

  it("is left alone by options of scenes", () => {
    expect(changesPictures({ backgrounds: ["texture"] })).toBe(false);
    expect(changesPictures({ hue: 0 })).toBe(false);
    expect(changesPictures({ hue: 1 })).toBe(true);
  });
});
