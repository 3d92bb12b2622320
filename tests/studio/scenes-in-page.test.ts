/** Scenes that pages paint: the same bytes as the composer's in Node. */
import { beforeAll, expect, test } from "vitest";
import type { CutOutSet } from "../../src/data/assets/cutout.ts";
import { loadCutOuts } from "../../src/data/assets/load.ts";
import { packCutOuts, unpackCutOuts } from "../../src/data/assets/pack.ts";
import { sceneComposer } from "../../src/data/scenes/compose.ts";
import { paintPlaced } from "../../src/data/scenes/placed.ts";
import { cutOutFiles, knownNames } from "../../src/studio/page/play/scene/cut-out-files.ts";

let cutOuts: CutOutSet;
beforeAll(async () => {
  cutOuts = await loadCutOuts({ names: knownNames });
});

test("a composed scene painted from its placements is the same to the byte, noise and discs included", () => {
  const compose = sceneComposer({ cutOuts }, { size: 64, plates: 0.5 });
  for (let i = 0; i < 20; i++) {
    const { image, objects, placed } = compose("test/7/0", i);
    const painted = paintPlaced({ cutOuts }, placed);
    expect(painted.image.data).toEqual(image.data);
    expect(painted.objects).toEqual(objects);
  }
});

test("packed cut-outs compose the same scenes as the files they were made of", () => {
  for (const { first } of Object.values(cutOutFiles)) {
    const packed = unpackCutOuts(packCutOuts(cutOuts, first));
    expect(packed.names).toEqual(cutOuts.names);
    const [here, there] = [cutOuts, packed].map((set) => sceneComposer({ cutOuts: set }, { size: 64 }));
    for (let i = 0; i < 12; i++) expect(there("test/3/0", i)).toEqual(here("test/3/0", i));
  }
});

test("the fine pack paints objects as large as a scene with the same bytes", () => {
  const packed = unpackCutOuts(packCutOuts(cutOuts, cutOutFiles.fine.first));
  const { placed } = sceneComposer({ cutOuts }, { size: 64 })(1, 0);
  for (const name of cutOuts.names) {
    const [{ picture }] = cutOuts.pictures.get(name)!;
    const placement = { centreX: 30, centreY: 33, side: 64, rotation: 1, flip: true, brightness: 1.1 };
    const scene = { ...placed, objects: [{ name, picture, placement }] };
    expect(paintPlaced({ cutOuts: packed }, scene)).toEqual(paintPlaced({ cutOuts }, scene));
  }
});

test("an object that is wholly hidden has no part; the others keep theirs", () => {
  const { placed } = sceneComposer({ cutOuts }, { size: 64 })(1, 0);
  const [first] = placed.objects;
  const small = { ...first, placement: { ...first.placement, side: 6, centreX: 32, centreY: 32 } };
  const large = { ...first, placement: { ...first.placement, side: 60, centreX: 32, centreY: 32 } };
  const outside = { ...small, placement: { ...small.placement, centreX: -40 } };
  const { objects } = paintPlaced({ cutOuts }, { ...placed, objects: [small, large, outside] });
  expect(objects.map((object) => object?.name)).toEqual([undefined, first.name, undefined]);
});

test("a pack of another version is refused in one line", () => {
  const packed = packCutOuts(cutOuts, 3);
  const text = new TextDecoder().decode(packed).replace('"version":1', '"version":2');
  expect(() => unpackCutOuts(new TextEncoder().encode(text))).toThrow(
    /version of their file must be 1, got 2/,
  );
});
