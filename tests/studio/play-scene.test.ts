/** Composing: what is done to a scene, its steps back and forth, its address, and the geometry of its handles. */
import { beforeAll, describe, expect, test } from "vitest";
import { conceptWords } from "../../src/data/assets/concepts.ts";
import { type CutOutSet, cutOutSet } from "../../src/data/assets/cutout.ts";
import { loadCutOuts } from "../../src/data/assets/load.ts";
import { packCutOuts, unpackCutOuts } from "../../src/data/assets/pack.ts";
import { paintPlaced } from "../../src/data/scenes/placed.ts";
import { exampleMaker } from "../../src/data/tasks/examples.ts";
import { afterKey, isGradual, keyHelp } from "../../src/studio/page/play/keys.ts";
import { found } from "../../src/studio/page/play/parts/found.ts";
import { cutOutFiles, knownNames } from "../../src/studio/page/play/scene/cut-out-files.ts";
import {
  addNamed,
  duplicateThing,
  flipThing,
  freePlace,
  moveThing,
  placeThing,
  removeThing,
  scaleThing,
  stackThing,
  turnThing,
} from "../../src/studio/page/play/scene/edit.ts";
import { decodeScene, encodeScene, mostThings } from "../../src/studio/page/play/scene/encode.ts";
import { cornersOf, dragged, knobOf, pinched, thingAt } from "../../src/studio/page/play/scene/handles.ts";
import { addStep, redo, replaceNow, startHistory, undo } from "../../src/studio/page/play/scene/history.ts";
import {
  absentWord,
  anotherOrigin,
  sceneCommand,
  sceneFile,
} from "../../src/studio/page/play/scene/new-scene.ts";
import {
  isCoarseEnough,
  openScene,
  type PlayScene,
  sceneSize,
  sideRange,
  thingsOf,
  withEdits,
} from "../../src/studio/page/play/scene/scene.ts";

let known: CutOutSet;
let scene: PlayScene;
const origin = { seed: 77, index: 1 };
beforeAll(async () => {
  known = await loadCutOuts({ names: knownNames });
  scene = openScene(known, { origin });
});

const names = (of: PlayScene) => thingsOf(of).map(({ name }) => name);
const placement = (of: PlayScene, index: number) => thingsOf(of)[index].placement;

describe("a new scene", () => {
  test("is the one that the command it names writes", () => {
    const make = exampleMaker(
      { cutOuts: known },
      { tasks: ["naming", "grid-patch", "presence"], split: "test" },
    );
    for (let index = 0; index < 6; index++) {
      const { placed } = openScene(known, { origin: { seed: 5, index } });
      expect(paintPlaced({ cutOuts: known }, placed).image.data).toEqual(make(5, index).image.data);
    }
    expect(sceneCommand({ seed: 5, index: 3 })).toBe(
      "fovea data make scenes --names 64 --tasks naming,grid-patch,presence --split test --seed 5 --count 4 --out out/scenes-5",
    );
    expect(sceneFile({ seed: 5, index: 3 })).toBe("out/scenes-5/images/000003.png");
  });

  test("has small numbers, and a word that is not in it", () => {
    expect(anotherOrigin(() => 0.9999)).toEqual({ seed: 999, index: 9 });
    const word = absentWord(origin, names(scene));
    expect(names(scene)).not.toContain(word);
    expect(conceptWords(knownNames)).toContain(word);
    expect(absentWord(origin, [...names(scene), word])).not.toBe(word);
  });
});

describe("an edit", () => {
  test("moves, sizes, turns and flips one thing and leaves the others where they were", () => {
    const before = thingsOf(withEdits(scene, {}));
    const moved = thingsOf(moveThing(scene, 1, 3, -2));
    expect(moved[1].placement.centreX).toBeCloseTo(before[1].placement.centreX + 3, 1);
    expect(moved[1].placement.centreY).toBeCloseTo(before[1].placement.centreY - 2, 1);
    expect([moved[0], moved[2]]).toEqual([before[0], before[2]]);
    expect(placement(scaleThing(scene, 0, 1.5), 0).side).toBeCloseTo(before[0].placement.side * 1.5, 1);
    const turned = placement(turnThing(scene, 0, Math.PI), 0).rotation - before[0].placement.rotation;
    expect(Math.abs(turned)).toBeCloseTo(Math.PI, 3);
    expect(placement(flipThing(scene, 2), 2).flip).toBe(!before[2].placement.flip);
  });

  test("keeps things within what can be seen and painted without loss", () => {
    expect(placement(placeThing(scene, 0, { side: 500 }), 0).side).toBe(sideRange.most);
    expect(placement(placeThing(scene, 0, { side: 0 }), 0).side).toBe(sideRange.least);
    expect(placement(placeThing(scene, 0, { centreX: -1000, centreY: 1000 }), 0)).toMatchObject({
      centreX: -24,
      centreY: sceneSize + 24,
    });
  });

  test("stacks, removes, duplicates and adds, and says what is chosen then", () => {
    const [a, b, c] = names(scene);
    expect(stackThing(scene, 0, 1)).toMatchObject({ chosen: 1 });
    expect(names(stackThing(scene, 0, 1).scene)).toEqual([b, a, c]);
    expect(stackThing(scene, 2, 1)).toEqual({ scene, chosen: 2 });
    expect(stackThing(scene, 0, -1)).toEqual({ scene, chosen: 0 });
    expect(names(removeThing(scene, 1).scene)).toEqual([a, c]);
    expect(removeThing(scene, 2).chosen).toBe(1);
    const twice = duplicateThing(scene, 0);
    expect(names(twice.scene)).toEqual([a, b, c, a]);
    expect(twice.chosen).toBe(3);
    expect(names(addNamed(scene, "duck", [10, 10]).scene)).toEqual([a, b, c, "duck"]);
    expect(freePlace(withEdits(scene, { objects: [] }))).toEqual([32, 32]);
  });

  test("leaves a scene empty where the last thing goes, and full where no more fits", () => {
    let now = scene;
    while (thingsOf(now).length > 1) now = removeThing(now, 0).scene;
    expect(removeThing(now, 0).chosen).toBeUndefined();
    expect(names(removeThing(now, 0).scene)).toEqual([]);
    while (thingsOf(now).length < mostThings) now = addNamed(now, "cat", [1, 1]).scene;
    expect(addNamed(now, "cat", [1, 1])).toEqual({ scene: now });
  });

  test("changes the background and keeps the noise", () => {
    const blue = withEdits(scene, { background: { kind: "colour", colour: [1, 2, 250] } });
    expect(blue.placed.noise).toEqual(scene.placed.noise);
    expect(blue.placed.background).toEqual({ kind: "colour", colour: [1, 2, 250] });
    const clouds = [1, 2, 1].map((seed) => withEdits(scene, { background: { kind: "clouds", seed } }).placed);
    const [first, second, again] = clouds.map((placed) => paintPlaced({ cutOuts: known }, placed).image.data);
    expect(again).toEqual(first);
    expect(second).not.toEqual(first);
  });
});

describe("an address", () => {
  test("of a composed scene is its seed and index", () => {
    expect(encodeScene(scene.choice)).toBe("77-1");
    expect(decodeScene("77-1")).toEqual({ origin });
  });

  test("of an edited one holds every placement exactly: the same pixels", () => {
    let edited = turnThing(moveThing(scene, 0, 1.23, -4.56), 0, 0.321);
    edited = scaleThing(flipThing(edited, 1), 1, 1.111);
    edited = addNamed(edited, "ladybug", [12.3, 45.6]).scene;
    for (const background of [
      undefined,
      { kind: "colour", colour: [9, 8, 7] },
      { kind: "noise", seed: 65535 },
    ] as const) {
      const shown = background === undefined ? edited : withEdits(edited, { background });
      const text = encodeScene(shown.choice);
      expect(text).toMatch(/^77-1\.1[\w-]+$/);
      expect(decodeScene(text)).toEqual(shown.choice);
      const again = openScene(known, decodeScene(text));
      expect(again).toEqual(shown);
      expect(paintPlaced({ cutOuts: known }, again.placed)).toEqual(
        paintPlaced({ cutOuts: known }, shown.placed),
      );
    }
  });

  test("of an empty scene opens an empty scene", () => {
    const empty = withEdits(scene, { objects: [] });
    expect(openScene(known, decodeScene(encodeScene(empty.choice)))).toEqual(empty);
  });

  test("that is broken says so in one line", () => {
    const text = encodeScene(moveThing(scene, 0, 1, 1).choice);
    const cases: readonly (readonly [string, RegExp])[] = [
      ["", /it is no scene/],
      ["cat", /it is no scene/],
      ["77", /it is no scene/],
      ["77-1.9AAAA", /it is of version 9, and this page reads version 1/],
      [text.slice(0, -5), /its length is wrong|it is cut short/],
      [`${text}AAAA`, /its length is wrong/],
      ["77-1.1", /it is cut short/],
      ["77-1.1CQA", /no kind that is known|cut short/],
      ["77-1.1AP8", /a scene at most 12/],
    ];
    for (const [broken, line] of cases) expect(() => decodeScene(broken), broken).toThrow(line);
  });

  test("with a thing that has no picture or lies nowhere is refused", () => {
    const bytes = (name: number, x: number) =>
      [0, 1, name, 0, x & 255, x >> 8, 0, 8, 0, 8, 0, 0, 128]
        .map((byte) => String.fromCharCode(byte))
        .join("");
    const link = (name: number, x: number) =>
      `1-1.1${btoa(bytes(name, x)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
    expect(decodeScene(link(0, 2048)).edits?.objects).toHaveLength(1);
    expect(() => decodeScene(link(250, 2048))).toThrow(/a thing that has no picture/);
    expect(() => decodeScene(link(0, 65535))).toThrow(/its cat lies outside/);
  });
});

describe("steps", () => {
  test("go back and forth, and a new one ends what was undone", () => {
    const three = addStep(addStep(startHistory(1), 2), 3);
    expect(undo(three).now).toBe(2);
    expect(undo(undo(undo(three))).now).toBe(1);
    expect(redo(undo(three))).toEqual(three);
    expect(redo(three)).toBe(three);
    expect(redo(addStep(undo(three), 4)).now).toBe(4);
    expect(undo(replaceNow(three, 9)).now).toBe(2);
  });
});

describe("handles", () => {
  const square = unpackCutOuts(
    packCutOuts(
      cutOutSet([
        {
          name: "square",
          picture: "square",
          levels: [{ width: 8, height: 8, data: new Uint8Array(256).fill(255) }],
        },
      ]),
      0,
    ),
  );
  const thing = {
    name: "square",
    placement: { centreX: 20, centreY: 30, side: 10, rotation: 0, flip: false, brightness: 1 },
  };

  test("stand at the turned corners, the knob above the upper side", () => {
    expect(cornersOf(thing, square)).toEqual([
      [15, 25],
      [25, 25],
      [25, 35],
      [15, 35],
    ]);
    expect(knobOf(thing, square, 4)).toEqual([20, 21]);
    const quarter = { ...thing, placement: { ...thing.placement, rotation: Math.PI / 2 } };
    const [x, y] = knobOf(quarter, square, 4);
    expect([x, y].map((value) => Math.round(1e6 * value) / 1e6)).toEqual([29, 30]);
  });

  test("find the front-most thing at a point", () => {
    const behind = { ...thing, placement: { ...thing.placement, centreX: 24 } };
    expect(thingAt([22, 30], [behind, thing], square)).toBe(1);
    expect(thingAt([28, 30], [behind, thing], square)).toBe(0);
    expect(thingAt([50, 50], [behind, thing], square)).toBeUndefined();
  });

  test("move, size and turn", () => {
    const { placement: at } = thing;
    expect(dragged(at, "body", [20, 30], [23, 28])).toEqual({ centreX: 23, centreY: 28 });
    expect(dragged(at, "size", [25, 30], [30, 30])).toEqual({ side: 20 });
    expect(dragged(at, "turn", [20, 20], [30, 30]).rotation).toBeCloseTo(Math.PI / 2);
  });

  test("of two fingers do all three at once", () => {
    const change = pinched(
      thing.placement,
      [
        [18, 30],
        [22, 30],
      ],
      [
        [21, 26],
        [21, 34],
      ],
    );
    expect(change).toMatchObject({ centreX: 21, centreY: 30, side: 20 });
    expect(change.rotation).toBeCloseTo(Math.PI / 2);
  });
});

test("keys do what the help says, and those that are held make one step", () => {
  for (const key of ["ArrowLeft", "+", "-", "[", "]", "f", "d", "PageUp", "PageDown", "Delete"])
    expect(afterKey(scene, 1, key, false)?.scene, key).not.toEqual(scene);
  const [near, far] = [false, true].map(
    (shift) => afterKey(scene, 1, "ArrowRight", shift) as { scene: PlayScene },
  );
  expect(placement(far.scene, 1).centreX - placement(near.scene, 1).centreX).toBeCloseTo(3);
  expect(afterKey(scene, 1, "x", false)).toBeUndefined();
  expect(afterKey(scene, 1, "constructor", false)).toBeUndefined();
  expect(["ArrowUp", "+", "["].every(isGradual)).toBe(true);
  expect(["f", "Delete", "PageUp"].some(isGradual)).toBe(false);
  expect(keyHelp.length).toBeGreaterThan(5);
});

test("search puts names that begin with what was typed first", () => {
  expect(found(["hot dog", "dog", "cat"], " Dog ")).toEqual(["dog", "hot dog"]);
  expect(found(["a", "b"], "")).toEqual(["a", "b"]);
  expect(found(["a"], "x")).toEqual([]);
});

test("the small file of cut-outs is enough for composed scenes, not for large or unknown things", () => {
  const coarse = unpackCutOuts(packCutOuts(known, cutOutFiles.coarse.first));
  expect(isCoarseEnough(scene, coarse)).toBe(true);
  expect(isCoarseEnough(placeThing(scene, 0, { side: 60 }), coarse)).toBe(false);
  expect(isCoarseEnough(addNamed(scene, "cherry", [10, 10]).scene, coarse)).toBe(false);
  const fine = unpackCutOuts(packCutOuts(known, cutOutFiles.fine.first));
  expect(isCoarseEnough(placeThing(scene, 0, { side: sideRange.most }), fine)).toBe(true);
});
