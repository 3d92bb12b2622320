import { beforeAll, describe, expect, it } from "vitest";
import { random } from "../../src/common/random.ts";
import { type CutOutSet, cutOutSet, mipLevels } from "../../src/data/assets/cutout.ts";
import { loadCutOuts } from "../../src/data/assets/load.ts";
import { composeScene, sceneComposer } from "../../src/data/scenes/compose.ts";
import { defaultSceneOptions } from "../../src/data/scenes/options.ts";
import { makeCanvas, paste } from "../../src/data/scenes/paint.ts";
import { placeSpots } from "../../src/data/scenes/place.ts";
import type { Scene } from "../../src/data/scenes/placed.ts";
import { maskArea, maskBox } from "../../src/grounding/mask.ts";
import { decodeMask } from "../../src/grounding/rle.ts";

let cutOuts: CutOutSet;
beforeAll(async () => {
  cutOuts = await loadCutOuts({ names: 8 });
});

/** Pearson's statistic against even counts. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** A cut-out of one opaque colour. */
function block(name: string, width: number, height: number, colour = [200, 100, 50]) {
  const data = new Uint8Array(width * height * 4);
  for (let i = 0; i < data.length; i += 4) data.set([...colour, 255], i);
  return { name, picture: name, levels: mipLevels({ width, height, data }) };
}

describe("scenes", () => {
  it("are the same bytes for the same seed and index, in any order", () => {
    const forth = sceneComposer({ cutOuts }, { size: 48 });
    const back = sceneComposer({ cutOuts }, { size: 48 });
    const scenes = [0, 1, 2, 3].map((i) => forth(5, i));
    for (const i of [3, 1, 0, 2]) expect(back(5, i)).toEqual(scenes[i]);
    expect(composeScene({ cutOuts }, { size: 48 }, 5, 2)).toEqual(scenes[2]);
    expect(forth(6, 2).image.data).not.toEqual(scenes[2].image.data);
    expect(scenes[1].image.data).not.toEqual(scenes[2].image.data);
  });

  it("hold distinct names, as many as asked for, each showing enough", () => {
    const compose = sceneComposer({ cutOuts }, { size: 48, objects: [2, 4], minVisible: 0.6 });
    const counts = [0, 0, 0];
    for (let i = 0; i < 300; i++) {
      const { objects } = compose(1, i);
      counts[objects.length - 2]++;
      expect(new Set(objects.map(({ name }) => name)).size).toBe(objects.length);
      for (const { visible } of objects) expect(visible).toBeGreaterThanOrEqual(0.6);
    }
    for (const count of counts) expect(count).toBeGreaterThan(70);
  });

  it("have masks that part the image, with boxes, areas and centres to match", () => {
    const compose = sceneComposer({ cutOuts }, { size: 64, objects: [4, 4], plates: 0.5 });
    for (let i = 0; i < 40; i++) expectExactTruth(compose(2, i));
  });

  it("show at a mask's pixels what was pasted there, and elsewhere the background", () => {
    const set = cutOutSet([block("one", 30, 20, [250, 0, 0]), block("two", 20, 30, [0, 250, 0])]);
    const options = {
      size: 64,
      objects: [2, 2] as const,
      noise: 0,
      brightness: 0,
      rotation: 0,
      overlap: 0.6,
    };
    const compose = sceneComposer({ cutOuts: set }, { ...options, backgrounds: ["plain"] });
    let hidden = 0;
    for (let i = 0; i < 30; i++) {
      const { image, objects } = compose(3, i);
      for (const { name, mask, visible } of objects) {
        hidden += visible < 0.95 ? 1 : 0;
        const [strong, weak] = name === "one" ? [0, 1] : [1, 0];
        const pixels = decodeMask(mask);
        for (const [p, inside] of pixels.entries()) {
          const pure = image.data[p * 3 + strong] === 250 && image.data[p * 3 + weak] === 0;
          // Pixels two from the mask's border hold nothing but the object; pixels outside it are never all its own.
          if (inside === 0) expect(pure).toBe(false);
          else if (isInner(pixels, p, 64)) expect(pure).toBe(true);
        }
      }
    }
    expect(hidden).toBeGreaterThan(3); // The sample must have overlaps and cut-off objects in it.
  });

  it("put every name in every cell equally often", () => {
    const compose = sceneComposer(
      { cutOuts },
      { size: 32, objects: [1, 3], noise: 0, backgrounds: ["plain"] },
    );
    const cells = new Array(16).fill(0);
    const table = cutOuts.names.map(() => new Array(16).fill(0));
    for (let i = 0; i < 4000; i++) {
      const { objects } = compose(4, i);
      const { name, placement } = objects[i % objects.length];
      const cell = Math.floor(placement.centreY / 8) * 4 + Math.floor(placement.centreX / 8);
      cells[cell]++;
      table[cutOuts.names.indexOf(name)][cell]++;
    }
    expect(chiSquare(cells)).toBeLessThan(37.7); // 99.9 % point at 15 degrees of freedom
    expect(chiSquare(table.map((row) => row.reduce((a, b) => a + b)))).toBeLessThan(24.3); // 7
    expect(chiSquare(table.flat())).toBeLessThan(182); // 127
  });

  it("place objects evenly over cells however many there are", () => {
    for (const count of [1, 2, 3, 4]) {
      const cells = new Array(16).fill(0);
      const source = random("spots", count);
      for (let i = 0; i < 4000; i++) {
        // One object of each scene: those of the same scene are not independent of each other.
        const { centreX, centreY } = placeSpots(defaultSceneOptions, count, source)![i % count];
        cells[Math.floor(centreY / 16) * 4 + Math.floor(centreX / 16)]++;
      }
      expect(chiSquare(cells)).toBeLessThan(37.7);
    }
  });

  it("refuse options that cannot be met", () => {
    const compose = (options: object) => () => composeScene({ cutOuts }, options, 0, 0);
    expect(compose({ size: 8 })).toThrowErrorMatchingInlineSnapshot(
      `[UserError: scenes: size must be a whole number from 16 to 4096, got 8]`,
    );
    expect(compose({ objects: [3, 2] })).toThrowErrorMatchingInlineSnapshot(
      `[UserError: scenes: objects must be two whole numbers, 1 <= fewest <= most, got [3, 2]]`,
    );
    expect(compose({ objects: [9, 9] })).toThrowErrorMatchingInlineSnapshot(
      `[UserError: scenes: objects must be at most the 8 names, got 9]`,
    );
    expect(compose({ objects: [8, 8], scale: [0.8, 0.9] })).toThrowErrorMatchingInlineSnapshot(
      `[UserError: scenes: objects must be few or small enough to fit 4 x 4 cells, got [8, 8]; fewer objects, a smaller scale (0.8 to 0.9) or minVisible, or more overlap]`,
    );
    expect(compose({ flip: 2 })).toThrowErrorMatchingInlineSnapshot(
      `[UserError: scenes: flip must be between 0 and 1, got 2]`,
    );
    expect(compose({ backgrounds: ["photo"] })).toThrowErrorMatchingInlineSnapshot(
      `[UserError: scenes: backgrounds must be without photo where no photos are given, got ["photo"]]`,
    );
  });
});

function isInner(mask: Uint8Array, p: number, width: number): boolean {
  const offsets = [-2, -1, 0, 1, 2];
  return offsets.every((dy) => offsets.every((dx) => mask[p + dy * width + dx] === 1));
}

function expectExactTruth({ image, objects }: Scene): void {
  const taken = new Uint8Array(image.width * image.height);
  const plates = objects.flatMap(({ plate }) => (plate?.part ? [plate.part] : []));
  for (const { mask, area, box, centre } of [...objects, ...plates]) {
    expect(maskArea(mask)).toBe(area);
    expect(maskBox(mask)).toEqual(box);
    let [x, y] = [0, 0];
    for (const [p, inside] of decodeMask(mask).entries()) {
      taken[p] += inside;
      x += inside * ((p % image.width) + 0.5);
      y += inside * (Math.floor(p / image.width) + 0.5);
    }
    expect(centre[0]).toBeCloseTo(x / area, 9);
    expect(centre[1]).toBeCloseTo(y / area, 9);
  }
  expect(Math.max(...taken)).toBe(1); // No pixel shows two things.
}

describe("pasting", () => {
  const placement = { centreX: 16, centreY: 16, side: 16, rotation: 0, flip: false, brightness: 1 };

  it("covers the area it says, at any scale", () => {
    for (const side of [4, 8, 16]) {
      const canvas = makeCanvas(32);
      expect(paste(canvas, block("b", 32, 16).levels, { ...placement, side }, 7)).toBe((side * side) / 2);
      expect(canvas.owner.filter((owner) => owner === 7).length).toBe((side * side) / 2);
    }
  });

  it("averages what is too fine to show instead of picking single texels", () => {
    const data = new Uint8Array(64 * 64 * 4);
    for (let i = 0; i < 64 * 64; i++) data.set(i % 2 === 0 ? [255, 255, 255, 255] : [0, 0, 0, 255], i * 4);
    const canvas = makeCanvas(32);
    paste(canvas, mipLevels({ width: 64, height: 64, data }), placement, 1);
    for (const p of [16 * 32 + 16, 12 * 32 + 20]) expect(canvas.colour[p * 3]).toBeCloseTo(128, -1);
  });

  it("turns clockwise and mirrors", () => {
    const data = new Uint8Array(8 * 8 * 4);
    for (let y = 0; y < 8; y++)
      for (let x = 0; x < 8; x++) data.set([x < 4 ? 255 : 0, 0, 0, 255], (y * 8 + x) * 4);
    const levels = mipLevels({ width: 8, height: 8, data });
    const redAt = (change: object, x: number, y: number) => {
      const canvas = makeCanvas(32);
      paste(canvas, levels, { ...placement, ...change }, 1);
      return canvas.colour[(y * 32 + x) * 3] > 128;
    };
    expect([redAt({}, 10, 16), redAt({}, 22, 16)]).toEqual([true, false]);
    expect([redAt({ flip: true }, 10, 16), redAt({ flip: true }, 22, 16)]).toEqual([false, true]);
    const quarter = { rotation: Math.PI / 2 }; // What was left is now on top.
    expect([redAt(quarter, 16, 10), redAt(quarter, 16, 22)]).toEqual([true, false]);
  });
});
