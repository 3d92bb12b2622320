/** What Look computes without a page: its address, linked layers and grids, cuts, shares, sentences, and what is asked when. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { gridGeometry } from "../../src/grounding/geometry.ts";
import { boxMask } from "../../src/grounding/mask.ts";
import type { AttentionLayer } from "../../src/lens/attention.ts";
import { linearScale, logProbabilityScale, rankScale } from "../../src/lens/scale.ts";
import { openAsk } from "../../src/studio/page/look/asks.ts";
import { coverageOf, hiddenPatches, knockOutOf, targetOf } from "../../src/studio/page/look/columns.ts";
import { boxOf } from "../../src/studio/page/look/commands.ts";
import { cutMask, isReversed, valueAt } from "../../src/studio/page/look/cut.ts";
import { attendingLayer, linkedLayer, linkText } from "../../src/studio/page/look/layers.ts";
import { openMemo } from "../../src/studio/page/look/memo.ts";
import {
  brushed,
  linkedPatches,
  patchesOf,
  pinned,
  struckText,
  withHead,
  withLayer,
} from "../../src/studio/page/look/patches.ts";
import { piecesText, sentenceOf, sinkText } from "../../src/studio/page/look/sentences.ts";
import { sharesOf } from "../../src/studio/page/look/shares.ts";
import { startOf } from "../../src/studio/page/look/start.ts";
import {
  curves,
  froms,
  keysOf,
  type LookState,
  layersOver,
  listOf,
  listText,
  nothingStruck,
  ramps,
  readState,
} from "../../src/studio/page/look/state.ts";

const empty = readState(() => undefined);

/** What an address holds after a state is written into an empty one. */
function written(state: Partial<LookState>): URLSearchParams {
  const values = new URLSearchParams();
  for (const [key, value] of Object.entries(keysOf(state))) if (value !== undefined) values.set(key, value);
  return values;
}

const place = fc.integer({ min: 0, max: 999 });
const text = fc.option(
  fc.string({ minLength: 1, maxLength: 12 }).map((word) => word.trim() || "word"),
  { nil: undefined },
);
const states: fc.Arbitrary<LookState> = fc.record({
  picture: text,
  concept: text,
  word: text,
  question: text,
  over: fc.constantFrom(...layersOver),
  layer: fc.option(place, { nil: undefined }),
  space: fc.constantFrom("probability", "log-probability", "logit", "rank"),
  ramp: fc.constantFrom(...ramps),
  own: fc.boolean(),
  cut: fc.option(
    fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000),
    { nil: undefined },
  ),
  opacity: fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000),
  pins: fc.uniqueArray(place, { maxLength: 4 }),
  token: fc.option(fc.record({ of: fc.constantFrom("question", "answer"), index: place }), {
    nil: undefined,
  }),
  head: fc.option(fc.integer({ min: 1, max: 64 }), { nil: undefined }),
  models: fc.option(fc.constantFrom<readonly ("a" | "b")[]>(["a"], ["b"], ["a", "b"]), { nil: undefined }),
  struck: fc.record({
    patches: fc.uniqueArray(place, { maxLength: 30 }).map((all) => all.sort((a, b) => a - b)),
    only: fc.boolean(),
    layers: fc
      .uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 5 })
      .map((all) => all.sort((a, b) => a - b)),
    heads: fc.uniqueArray(
      fc.record({
        letter: fc.constantFrom("a", "b"),
        layer: fc.integer({ min: 1, max: 40 }),
        head: fc.integer({ min: 1, max: 40 }),
      }),
      { maxLength: 4 },
    ),
    from: fc.constantFrom(...froms),
  }),
  curve: fc.option(fc.constantFrom(...curves), { nil: undefined }),
}) as fc.Arbitrary<LookState>;

test("every view has an address, and the address gives it back", () => {
  fc.assert(
    fc.property(states, (state) => {
      const values = new URLSearchParams(written(state).toString());
      expect(readState((key) => values.get(key) ?? undefined)).toEqual(
        // What is undefined is left out where it is optional.
        Object.fromEntries(
          Object.entries(state).filter(([name, value]) => value !== undefined || name in empty),
        ),
      );
    }),
    { numRuns: 300 },
  );
});

test("an address that means nothing is the first view", () => {
  const nonsense: Record<string, string> = {
    over: "x", layer: "-1", space: "?", colours: "red", cut: "2", opacity: "NaN", pins: "a.b", token: "z1", head: "0",
    models: "xyz", off: "9-1", only: "yes", heads: "a1,b.2", layers: "1e9", from: "nobody",
  }; // biome-ignore format: pairs
  expect(readState((key) => nonsense[key])).toEqual(empty);
});

test("lists of patches are short in addresses, and bounded", () => {
  expect(listText([9, 3, 4, 5])).toBe("3-5.9");
  expect(listOf("3-5.9")).toEqual([3, 4, 5, 9]);
  expect(listText([])).toBeUndefined();
  expect(listOf("0-999999").length).toBeLessThanOrEqual(10_000);
});

test("layers of unequal depth are linked by their share of it, both ends to both ends", () => {
  expect([0, 1, 2, 3, 4].map((layer) => linkedLayer(layer, 4, 24))).toEqual([0, 6, 12, 18, 24]);
  expect(linkedLayer(24, 24, 4)).toBe(4);
  expect(linkedLayer(99, 4, 4)).toBe(4);
  expect(attendingLayer(0, [1, 2, 3])).toBe(1);
  expect(attendingLayer(3, [2, 4, 6])).toBe(2);
  expect(linkText([4, 4])).toBeUndefined();
  expect(linkText([4, 24])).toContain("4 and 24 layers");
});

const small = gridGeometry({ width: 8, height: 8 }, 2);
const large = gridGeometry({ width: 8, height: 8 }, 1);

test("a region's patches are those it covers by half, or the one that holds most of it", () => {
  expect(patchesOf([{ kind: "box", box: [0, 0, 3, 2] }], small)).toEqual([0, 1]);
  expect(patchesOf([{ kind: "box", box: [2.1, 2.1, 2.4, 2.4] }], small)).toEqual([5]);
  expect(patchesOf([{ kind: "points", points: [[7, 7]] }], small)).toEqual([15]);
});

test("patches of one grid are the same places of another", () => {
  expect(linkedPatches([5], small, large)).toEqual([18, 19, 26, 27]);
  expect(linkedPatches([18, 19, 26, 27], large, small)).toEqual([5]);
  expect(linkedPatches([3, 1], small, small)).toEqual([3, 1]);
});

test("pins are set and taken away, and the oldest of five gives way", () => {
  expect(pinned([1, 2], 3)).toEqual([1, 2, 3]);
  expect(pinned([1, 2], 1)).toEqual([2]);
  expect(pinned([1, 2, 3, 4], 5)).toEqual([2, 3, 4, 5]);
});

test("a stroke strikes, and one that begins on a struck patch brings back", () => {
  const struck = brushed(nothingStruck, [4, 2]);
  expect(struck.patches).toEqual([2, 4]);
  expect(brushed(struck, [4, 5]).patches).toEqual([2]);
  expect(brushed({ ...struck, only: true }, [4, 2])).toMatchObject({ patches: [], only: false });
  const head = { letter: "b", layer: 4, head: 1 } as const;
  const out = withLayer(withHead(struck, head, true), 3);
  expect(struckText(out)).toBe("2 patches; head 1 of layer 4 of B; the attention to the image in layer 3");
  expect(withHead(withHead(out, head, true), head, false).heads).toEqual([]);
  expect(withLayer(out, 3).layers).toEqual([]);
});

test("each model is asked of its own grid, heads and layers", () => {
  const struck = {
    ...nothingStruck,
    patches: [5],
    layers: [2],
    heads: [{ letter: "b", layer: 1, head: 2 }] as const,
  };
  const card = { layers: 24, attentionLayers: [4, 8, 12, 16, 20, 24] };
  const depths = { first: 4, own: card as never }; // Only these fields are read.
  expect(knockOutOf(struck, "a", { first: small, own: large }, depths)).toEqual({
    patches: [18, 19, 26, 27],
    only: false,
    heads: [],
    layers: [12],
    from: "answer",
  });
  expect(knockOutOf(struck, "b", { first: small, own: small }, depths).heads).toEqual([
    { layer: 1, head: 2 },
  ]);
  expect(hiddenPatches({ patches: [0], only: true }, gridGeometry({ width: 2, height: 2 }, 1))).toEqual([
    1, 2, 3,
  ]);
});

test("a place on a scale is the value that stands there, of ranks from the last to the first", () => {
  expect(valueAt(linearScale("p", 0, 1), 0.3, { low: 0, high: 1 })).toBeCloseTo(0.3, 9);
  const V = 1000;
  expect(valueAt(logProbabilityScale(V), 0.5, { low: -Math.log(V), high: 0 })).toBeCloseTo(
    -Math.log(V) / 2,
    6,
  );
  const ranks = { low: V, high: 1 };
  expect(valueAt(rankScale(V), 1 / 3, ranks)).toBeCloseTo(100, 3);
  expect(isReversed(ranks)).toBe(true);
});

test("a mask's IoU is counted in pixels, against boxes and masks alike", () => {
  const geometry = gridGeometry({ width: 4, height: 4 }, 4);
  const all = cutMask([1], geometry, 0.5, { regions: [{ kind: "box", box: [0, 0, 2, 4] }] });
  expect(all).toEqual({ share: 1, iou: 0.5 });
  expect(cutMask([1], geometry, 0.5, { regions: [boxMask([0, 0, 4, 1], 4, 4)] }).iou).toBe(0.25);
  expect(cutMask([0], geometry, 0.5, { regions: [boxMask([0, 0, 4, 1], 4, 4)] })).toEqual({
    share: 0,
    iou: 0,
  });
  expect(cutMask([2], geometry, 3, { reversed: true })).toEqual({ share: 1 });
  expect(
    cutMask([0], geometry, 0.5, { regions: [{ kind: "points", points: [[1, 1]] }] }).iou,
  ).toBeUndefined();
});

test("a large picture's IoU is that of a small one", () => {
  const of = (side: number) =>
    cutMask([1, 0, 0, 0], gridGeometry({ width: side, height: side }, side / 2), 0.5, {
      regions: [{ kind: "box", box: [0, 0, side / 2, side / 2] }],
    });
  expect(of(4096).iou).toBeCloseTo(of(512).iou ?? Number.NaN, 2);
});

const layer: AttentionLayer = {
  layer: 1,
  share: 0.5,
  map: Float32Array.of(0.5, 0.5),
  heads: [Float32Array.of(1, 0), Float32Array.of(0, 1)],
  headShares: [0.8, 0.2],
};

test("shares are parts of the whole attention, of the mean or of one head", () => {
  expect(sharesOf(layer, { target: [1, 0], sinks: [1] })).toEqual({
    image: 0.5,
    text: 0.5,
    target: 0.25,
    sinks: 0.25,
  });
  expect(sharesOf(layer, { head: 1, target: [0.5, 0] })).toEqual({ image: 0.8, text: 1 - 0.8, target: 0.4 });
  // A head that this model does not have: the mean.
  expect(sharesOf(layer, { head: 9 }).image).toBe(0.5);
});

test("a question's target is the longest known word in it, else the concept where that is known", () => {
  const region = { kind: "box", box: [0, 0, 4, 4] } as const;
  const truth = ["truck", "fire truck", "cat"].map((word) => ({ word, region }));
  expect(targetOf(truth, "where is the fire truck ?", "cat")).toBe("fire truck");
  expect(targetOf(truth, "what is at c3 ?", "cat")).toBe("cat");
  expect(targetOf(truth, "is there a category ?", "dog")).toBeUndefined();
  expect([
    ...coverageOf([region, { kind: "box", box: [0, 0, 8, 1] }], gridGeometry({ width: 8, height: 8 }, 4)),
  ]).toEqual([1, 0.25, 0, 0]);
  expect(boxOf([region, { kind: "box", box: [6, 1, 8, 2] }])).toEqual([0, 0, 8, 4]);
  expect(boxOf([{ kind: "points", points: [[1, 1]] }])).toBeUndefined();
});

test("sentences say what was said, and claim nothing of what nobody knows", () => {
  const facts = { over: "concept", layer: "layer 4 of 4", concept: "cat" } as const;
  const seen = [{ letter: "a", lens: "says cat nowhere: peak 0.01 at row 1, column 1" }] as const;
  expect(sentenceOf({ ...facts, seen })).toBe(
    "At layer 4 of 4, A says cat nowhere: peak 0.01 at row 1, column 1.",
  );
  expect(sentenceOf({ ...facts, concept: undefined, seen })).toContain("Type a word");
  expect(sentenceOf({ ...facts, seen: [] })).toBe("");
  const asked = { over: "attention", layer: "layer 4 of 4", question: "where ?" } as const;
  const looked = { letter: "b", answer: "c2", ended: false, image: 0.57, target: 0.45 } as const;
  expect(sentenceOf({ ...asked, seen: [looked] })).toBe(
    "Asked “where ?”: B answers “c2 …”; the token gives the image 57 % of its attention (layer 4 of 4).",
  );
  expect(sentenceOf({ ...asked, target: "cat", seen: [looked] })).toContain("the cat 45 %");
  expect(sentenceOf({ ...asked, struck: "7 patches", seen: [{ ...looked, after: "a2" }] })).toBe(
    "Without 7 patches: B answered “c2” and now answers “a2”.",
  );
  expect(sentenceOf({ ...asked, over: "relevance", target: "cat", seen: [looked] })).toBe(
    "Asked “where ?”: B answers “c2”; 57 % of what mattered lies on the image, and of that 45 % on the cat.",
  );
  expect(sentenceOf({ ...asked, over: "words", seen: [{ letter: "a", words: [] }] })).toContain(
    "no patch of A is certain",
  );
});

test("sinks are named with their place, and explained", () => {
  expect(sinkText([], 8, undefined)).toContain("no sink");
  expect(sinkText([9], 8, 0.4)).toMatch(/^row 2, column 2 is a sink: .* not a fault of the map.* Here 40 % /);
  expect(piecesText("firetruck", ["fire", "truck"])).toBe(
    "“firetruck” is cut into 2 tokens: fire · truck. Its rank is the mean of theirs.",
  );
  expect(piecesText("cat", ["cat"])).toBeUndefined();
});

test("a picture that comes is asked about what shows in it, unless somebody asked already", () => {
  const image = { width: 1, height: 1, data: new Uint8Array(3) };
  const truth = [{ word: "cat", region: { kind: "box", box: [0, 0, 1, 1] } as const }];
  expect(startOf(empty, { name: "scene", ref: "scene:1-1", image, truth })).toEqual({
    picture: "scene:1-1",
    concept: "cat",
    question: "where is the cat ?",
  });
  expect(startOf({ ...empty, concept: "lion", question: "why ?" }, { name: "photo", image })).toEqual({});
});

test("the newest wish wins, an older answer stays until it is there, and going back asks nothing again", async () => {
  const waiting: PromiseWithResolvers<string>[] = [];
  let changes = 0;
  let asked = 0;
  const ask = openAsk<string>(() => changes++);
  const work = () => {
    asked++;
    waiting.push(Promise.withResolvers<string>());
    return (waiting.at(-1) as PromiseWithResolvers<string>).promise;
  };
  ask.want("one", work);
  ask.want("one", work);
  expect(asked).toBe(1);
  ask.want("two", work);
  waiting[0].resolve("late");
  await Promise.resolve();
  expect(ask.result).toBeUndefined();
  waiting[1].resolve("second");
  await new Promise(setImmediate);
  expect([ask.result, ask.busy, changes]).toEqual(["second", false, 1]);
  ask.want("three", work);
  expect([ask.result, ask.busy]).toEqual(["second", true]);
  waiting[2].reject(new Error("no such word"));
  await new Promise(setImmediate);
  expect([ask.result, ask.failed]).toEqual(["second", "no such word"]);
  ask.want("two", work);
  expect([ask.result, ask.failed, asked]).toEqual(["second", undefined, 3]);
  ask.want(undefined, work);
  expect(ask.result).toBeUndefined();
});

test("a memo keeps what was asked for last", () => {
  const memo = openMemo(2);
  let made = 0;
  const make = () => ++made;
  expect([
    memo("a", make),
    memo("b", make),
    memo("a", make),
    memo("c", make),
    memo("a", make),
    memo("b", make),
  ]).toEqual([1, 2, 1, 3, 1, 4]);
});
