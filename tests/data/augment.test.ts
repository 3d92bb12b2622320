import { beforeAll, describe, expect, it } from "vitest";
import { type CutOut, type CutOutSet, cutOutSet, mipLevels } from "../../src/data/assets/cutout.ts";
import { augmentedScene } from "../../src/data/augment/options.ts";
import { backgrounds } from "../../src/data/scenes/background.ts";
import { blur } from "../../src/data/scenes/blur.ts";
import { colourMatrix, recolour } from "../../src/data/scenes/colour.ts";
import { sceneComposer } from "../../src/data/scenes/compose.ts";
import { defaultSceneOptions } from "../../src/data/scenes/options.ts";
import { paintPlaced } from "../../src/data/scenes/placed.ts";
import { decodeMask } from "../../src/grounding/rle.ts";

const same = { hue: 0, saturation: 1, contrast: 1 };
const changed = (change: Partial<typeof same>, colour: readonly number[]) => {
  const texel = Float32Array.from(colour);
  recolour(texel, colourMatrix({ ...same, ...change }));
  return [...texel].map((value) => Math.round(value * 100) / 100);
};

describe("changes of colour", () => {
  it("are nothing, or the values of SVG's filters", () => {
    expect(changed({}, [200, 50, 10, 255])).toEqual([200, 50, 10, 255]);
    const grey = 0.213 * 200 + 0.715 * 50 + 0.072 * 10;
    for (const value of changed({ saturation: 0 }, [200, 50, 10, 255]).slice(0, 3))
      expect(value).toBeCloseTo(grey, 1);
    // feColorMatrix hueRotate of 90 degrees: rows (r - s r), ... of the specification.
    expect(changed({ hue: 90 }, [100, 0, 0, 255])).toEqual([0, 35.6, 0, 255]);
    expect(changed({ hue: 360 }, [120, 90, 30, 255])).toEqual([120, 90, 30, 255]);
  });

  it("move contrast about mid-grey, of premultiplied colours too, and never past alpha", () => {
    expect(changed({ contrast: 0.5 }, [255, 127.5, 0, 255])).toEqual([191.25, 127.5, 63.75, 255]);
    expect(changed({ contrast: 0.5 }, [100, 50, 0, 100])).toEqual([75, 50, 25, 100]);
    expect(changed({ contrast: 2 }, [100, 50, 0, 100])).toEqual([100, 50, 0, 100]);
  });
});

describe("blur", () => {
  it("spreads a point as a Gaussian and keeps what there is", () => {
    const size = 15;
    const colour = new Float32Array(size * size * 3);
    colour[(7 * size + 7) * 3] = 1000;
    blur(colour, size, size, 1.2);
    const at = (x: number, y: number) => colour[(y * size + x) * 3];
    expect(colour.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1000, 1);
    expect(at(8, 7) / at(7, 7)).toBeCloseTo(Math.exp(-1 / (2 * 1.44)), 5);
    expect(at(9, 8) / at(7, 7)).toBeCloseTo(Math.exp(-5 / (2 * 1.44)), 5);
  });

  it("leaves one colour as it is, up to the border", () => {
    const colour = new Float32Array(6 * 4 * 3).fill(90);
    blur(colour, 6, 4, 3);
    for (const value of colour) expect(value).toBeCloseTo(90, 3);
  });
});

let cutOuts: CutOutSet;
beforeAll(() => {
  const square = (name: string, colour: readonly number[]): CutOut => {
    const data = new Uint8Array(32 * 32 * 4);
    for (let i = 0; i < data.length; i += 4) data.set([...colour, 255], i);
    return { name, picture: name, levels: mipLevels({ width: 32, height: 32, data }) };
  };
  cutOuts = cutOutSet([
    square("red", [220, 20, 20]),
    square("green", [20, 200, 20]),
    square("blue", [30, 30, 220]),
    square("white", [250, 250, 250]),
  ]);
});

describe("scenes with random changes", () => {
  const options = augmentedScene(
    {},
    { hue: 40, saturation: 0.5, contrast: 0.3, blur: 1, occluders: 4, scale: [0.8, 1.2], rotation: 45 },
    defaultSceneOptions,
  );

  it("are the same bytes again, from their placements too", () => {
    const compose = sceneComposer({ cutOuts }, options);
    for (let i = 0; i < 10; i++) {
      const { image, objects, placed } = compose(5, i);
      expect(compose(5, i).image.data).toEqual(image.data);
      const again = paintPlaced({ cutOuts }, placed);
      expect(again.image.data).toEqual(image.data);
      expect(again.objects).toEqual(objects);
    }
  });

  it("take the size from the scene's own range", () => {
    expect(options.scale![0]).toBeCloseTo(0.24);
    expect(options.scale![1]).toBeCloseTo(0.54);
  });

  it("have masks of what occluders leave", () => {
    const plain = { backgrounds: ["plain"], noise: 0, objects: [1, 1], rotation: 0, flip: 0 } as const;
    const compose = sceneComposer({ cutOuts }, { ...plain, occluders: 8, minVisible: 0.2 });
    let hidden = 0;
    for (let i = 0; i < 20; i++) {
      const { objects, placed } = compose(9, i);
      const { occluders: _, ...open } = placed;
      const [whole] = paintPlaced({ cutOuts }, open).objects;
      const [mask, all] = [decodeMask(objects[0].mask), decodeMask(whole!.mask)];
      for (let p = 0; p < mask.length; p++) expect(mask[p]).toBeLessThanOrEqual(all[p]);
      expect(objects[0].visible / whole!.visible).toBeCloseTo(objects[0].area / whole!.area, 6);
      hidden += all.reduce((sum, value, p) => sum + value - mask[p], 0);
    }
    expect(hidden).toBeGreaterThan(100);
  });

  it("fill the background in every kind, and differ from scene to scene", () => {
    for (const kind of Object.keys(backgrounds) as (keyof typeof backgrounds)[]) {
      if (kind === "photo") continue;
      const compose = sceneComposer({ cutOuts }, { backgrounds: [kind], noise: 0, objects: [1, 1] });
      const [one, other] = [compose(1, 0).image.data, compose(1, 1).image.data];
      expect(one).not.toEqual(other);
      expect(Math.max(...one)).toBeGreaterThan(0);
    }
  });

  it("refuse what is out of range", () => {
    expect(() => sceneComposer({ cutOuts }, { hue: 200 })).toThrow("hue must be between 0 and 180");
    expect(() => sceneComposer({ cutOuts }, { occluders: 1.5 })).toThrow("occluders must be a whole number");
  });
});
