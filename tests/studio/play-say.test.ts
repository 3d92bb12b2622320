/** What Play asks, how it scores, and the sentence it makes of it. */
import { describe, expect, test } from "vitest";
import type { RgbImage } from "../../src/common/image.ts";
import type { SceneObject } from "../../src/data/scenes/placed.ts";
import type { MaskRegion } from "../../src/grounding/region.ts";
import type { AttentionResult } from "../../src/lens/attention.ts";
import type { PatchWord } from "../../src/lens/logit-lens.ts";
import {
  inGrammar,
  openQuestions,
  type PlayQuestion,
  sceneQuestions,
  typedQuestion,
} from "../../src/studio/page/play/say/questions.ts";
import { lensScore, lookOf, onTarget, verdictOf } from "../../src/studio/page/play/say/scores.ts";
import {
  type ModelFacts,
  type PictureFacts,
  patchState,
  plainText,
  sentenceOf,
} from "../../src/studio/page/play/say/sentence.ts";
import { togetherText } from "../../src/studio/page/play/say/together.ts";
import {
  largestName,
  regionsOf,
  type SceneTruth,
  shownNames,
  truthOf,
} from "../../src/studio/page/play/say/truth.ts";
import { certainty, saidWords } from "../../src/studio/page/play/say/view.ts";

const size = 64;
const image: RgbImage = { width: size, height: size, data: new Uint8Array(3 * size * size) };

/** A mask of the box [x0, x1) x [y0, y1). */
function box(x0: number, y0: number, x1: number, y1: number): MaskRegion {
  const counts: number[] = [];
  let last = 0;
  for (let x = x0; x < x1; x++) {
    counts.push(x * size + y0 - last, y1 - y0);
    last = x * size + y1;
  }
  return { kind: "mask", size: [size, size], counts: [...counts, size * size - last] };
}

function thing(name: string, [x0, y0, x1, y1]: readonly [number, number, number, number]): SceneObject {
  const placement = { centreX: 0, centreY: 0, side: 1, rotation: 0, flip: false, brightness: 1 };
  const area = (x1 - x0) * (y1 - y0);
  const centre = [(x0 + x1) / 2, (y0 + y1) / 2] as const;
  return {
    name,
    picture: name,
    visible: 1,
    mask: box(x0, y0, x1, y1),
    box: [x0, y0, x1, y1],
    area,
    centre,
    placement,
  };
}

// Cells of 16 pixels: the cat's middle in a4, the duck's in c1, the owl's on the border of b2 and c2.
const cat = thing("cat", [0, 48, 16, 64]);
const duck = thing("duck", [34, 2, 46, 14]);
const owl = thing("owl", [28, 20, 36, 28]);
const truth = (...objects: readonly SceneObject[]): SceneTruth => ({
  scene: { image, objects, grid: 4 },
  hidden: [],
});

const geometry = {
  original: { width: size, height: size },
  processed: { width: size, height: size },
  scaleX: 1,
  scaleY: 1,
  offsetX: 0,
  offsetY: 0,
  patch: 8,
  grid: { rows: 8, columns: 8 },
};

const attended = (answer: string, map: Float32Array, ended = true): AttentionResult =>
  ({
    question: "",
    answer,
    ended,
    geometry,
    tiles: { rows: 1, columns: 1 },
    tokens: [
      {
        id: 1,
        token: answer,
        text: answer,
        isAnswer: true,
        layers: [
          { layer: 1, share: 0.4, map: new Float32Array(64), heads: [], headShares: [] },
          { layer: 2, share: 0.5, map, heads: [], headShares: [] },
        ],
      },
    ],
  }) satisfies AttentionResult as AttentionResult;

describe("truth", () => {
  test("names what shows from the back to the front, and what is hidden", () => {
    const painted = truthOf({ image, objects: [cat, undefined, duck, cat], grid: 4 }, [
      "cat",
      "owl",
      "duck",
      "cat",
    ]);
    expect(shownNames(painted)).toEqual(["cat", "duck"]);
    expect(painted.hidden).toEqual(["owl"]);
    expect(largestName(painted)).toBe("cat");
    expect(regionsOf(painted, "cat")).toHaveLength(2);
    expect(regionsOf(painted, "owl")).toEqual([]);
  });
});

describe("questions", () => {
  const texts = (questions: readonly PlayQuestion[]) => questions.map(({ text }) => text);

  test("of a thing: where, what is at its cell, whether another and an absent one are there", () => {
    const asked = sceneQuestions(truth(cat, duck), "cat", "apple");
    expect(texts(asked)).toEqual([
      "where is the cat ?",
      "what is at a4 ?",
      "is there a duck ?",
      "is there an apple ?",
    ]);
    expect(asked.map((one) => one.truth?.answer)).toEqual(["a4", "cat", "yes", "no"]);
    expect(asked.map(({ regions }) => regions.length)).toEqual([1, 1, 1, 0]);
  });

  test("of an absent word ask for it first, in as many rows", () => {
    const asked = sceneQuestions(truth(cat, duck), "apple", "apple");
    expect(texts(asked)[0]).toBe("is there an apple ?");
    expect(asked).toHaveLength(4);
    expect(texts(sceneQuestions(truth(), "apple", "apple"))).toEqual(["is there an apple ?"]);
  });

  test("have no right or wrong where a middle lies between cells, or several are meant", () => {
    const [where, what] = sceneQuestions(truth(cat, owl), "owl", "apple");
    expect([where.truth, what.truth]).toEqual([undefined, undefined]);
    expect([where.open, what.open]).toEqual(["between cells", "between cells"]);
    expect(where.regions).toHaveLength(1);
    const [two] = sceneQuestions(truth(cat, duck, cat), "cat", "apple");
    expect([two.truth, two.open, two.regions.length]).toEqual([undefined, "2 of them", 2]);
  });

  test("that are typed are read in the tasks' grammar, with their truth", () => {
    expect(inGrammar("Where is the Duck?")).toBe("where is the duck ?");
    const scene = truth(cat, duck);
    expect(typedQuestion("Where is the duck?", scene).truth?.answer).toBe("c1");
    expect(typedQuestion("is there an apple", scene).truth?.answer).toBe("no");
    expect(typedQuestion("is there a apple ?", scene).text).toBe("is there an apple ?");
    expect(typedQuestion("what is at c1?", scene).truth?.answer).toBe("duck");
    expect(typedQuestion("what is at b2 ?", scene).open).toBe("no middle there");
    expect(typedQuestion("what is at z9 ?", scene)).toEqual({ text: "what is at z9 ?", regions: [] });
    expect(typedQuestion(" How many cats? ", scene)).toEqual({ text: "How many cats?", regions: [] });
  });

  test("of a picture that nobody knows have no truth", () => {
    expect(
      openQuestions("dog").every(({ truth: known, open }) => known === undefined && open === undefined),
    ).toBe(true);
    expect(typedQuestion("where is the duck ?").truth).toBeUndefined();
  });
});

describe("scores", () => {
  const [where, , , absent] = sceneQuestions(truth(cat, duck), "cat", "apple");

  test("judge answers by their kind; one without an end is wrong", () => {
    const map = new Float32Array(64);
    expect(verdictOf(attended("a4", map), where)).toBe("right");
    expect(verdictOf(attended("A4", map), where)).toBe("right");
    expect(verdictOf(attended("b4", map), where)).toBe("wrong");
    expect(verdictOf(attended("a4", map, false), where)).toBe("wrong");
    expect(verdictOf(attended("no", map), absent)).toBe("right");
    expect(verdictOf(attended("a4", map), { text: "?", regions: [] })).toBe("open");
  });

  test("of the lens are eval's: IoU at the threshold, and the pointing game", () => {
    const on = [48, 49, 56, 57]; // The cat's four patches.
    const map = new Float32Array(64);
    for (const n of on.slice(0, 3)) map[n] = 0.9;
    map[0] = 0.7;
    expect(lensScore(map, [cat.mask], geometry)).toMatchObject({ says: true, iou: 3 / 5, pointing: 1 });
    expect(lensScore(map, [cat.mask], geometry, 0.8).iou).toBe(3 / 4);
    map[0] = 0.95;
    expect(lensScore(map, [cat.mask], geometry).pointing).toBe(0);
    const none = lensScore(map, [], geometry);
    expect([none.says, none.iou, none.pointing]).toEqual([true, Number.NaN, Number.NaN]);
  });

  test("of attention are its share on the evidence, of the last layer", () => {
    const map = new Float32Array(64);
    map[48] = 0.6;
    map[0] = 0.4;
    const look = lookOf(attended("a4", map));
    expect(look?.layer).toBe(2);
    expect(lookOf(attended("a4", map), 1)?.layer).toBe(1);
    expect(lookOf(attended("a4", map), 9)?.layer).toBe(2);
    expect(onTarget(look!, [cat.mask], geometry)).toBeCloseTo(0.6);
    expect(onTarget(look!, [], geometry)).toBeNaN();
  });

  test("say what a patch state is", () => {
    const state = (says: boolean, pointing: number, iou: number, isKnown = true) =>
      patchState({ isKnown, says, pointing, iou });
    expect(state(true, 1, 0.8)).toBe("found");
    expect(state(true, 1, 0.2)).toBe("part");
    expect(state(true, 0, 0.1)).toBe("astray");
    expect(state(false, 1, 0)).toBe("silent");
    expect(state(true, Number.NaN, Number.NaN)).toBe("said");
    expect(state(true, 1, 1, false)).toBe("unknown");
  });

  test("count the words that patches say clearly", () => {
    const word = (token: string, probability: number): PatchWord[] => [{ token, id: 1, probability }];
    const words = [word("Ġcat", 0.9), word("dog", 0.6), word("cat", 0.8), word("owl", 0.4), []];
    expect(saidWords(words)).toEqual(["cat", "dog"]);
    expect([...certainty(words)].map((value) => Math.round(10 * value))).toEqual([9, 6, 8, 4, 0]);
  });
});

test("the line below it tells of models that were trained alike, and of no others", () => {
  const model = (given: string, training?: string) => ({
    title: given,
    note: "",
    folder: given,
    given,
    runsIn: "page" as const,
    ...(training !== undefined && { training }),
  });
  const setup = { models: [model("a", "x"), model("b", "x")], others: [model("c", "x"), model("d")] };
  const text = (...names: string[]) =>
    togetherText(
      names.map((given) => ({ given, title: given })),
      setup,
    );
  expect(text("a", "b")).toMatch(/^Both models learnt from the same pictures/);
  expect(text("a", "b", "c")).toMatch(/^All 3 models/);
  expect([text("a"), text("a", "d"), text("d", "d"), text("a", "elsewhere")]).toEqual(
    Array(4).fill(undefined),
  );
});

describe("the sentence", () => {
  const scene: PictureFacts = {
    kind: "scene",
    isEmpty: false,
    word: "cat",
    presence: "shows",
    question: "where is the cat ?",
    target: "cat",
  };
  const facts = (letter: ModelFacts["letter"], change: Partial<ModelFacts> = {}): ModelFacts => ({
    letter,
    patches: "found",
    said: ["cat"],
    answer: { text: "a4", ended: true, verdict: "right", onTarget: 0.8 },
    ...change,
  });
  const wrong = { text: "c4", ended: true, verdict: "wrong", onTarget: 0.09 } as const;
  const say = (picture: PictureFacts, ...models: ModelFacts[]) =>
    plainText(sentenceOf(picture, models) ?? []);

  test("is nothing before a model has said something", () => {
    expect(sentenceOf(scene, [])).toBeUndefined();
  });

  test("tells of two that are both right together", () => {
    expect(say(scene, facts("a"), facts("b", { answer: { ...facts("b").answer!, onTarget: 0.86 } }))).toBe(
      "The patches of both say cat where the cat is; their answer, a4, is right, and they look there (80 % and 86 %).",
    );
  });

  test("tells first of the one that is right", () => {
    expect(say(scene, facts("a", { patches: "silent", said: [], answer: wrong }), facts("b"))).toBe(
      "B’s patches say cat where the cat is; its answer, a4, is right and looks there (80 %). " +
        "A’s patches name nothing in the picture; its answer, c4, is wrong and looks elsewhere (9 % on the cat).",
    );
  });

  test("tells apart two that are both wrong in different ways", () => {
    const astray = facts("a", { patches: "astray", answer: { ...wrong, onTarget: 0.7 } });
    const silent = facts("b", { patches: "silent", said: ["dog"], answer: { ...wrong, text: "d1" } });
    expect(say(scene, astray, silent)).toBe(
      "A’s patches say cat, but not where it is; its answer, c4, is wrong, though it looks there (70 %). " +
        "B’s patches say cat nowhere; its answer, d1, is wrong and looks elsewhere (9 % on the cat).",
    );
  });

  test("wonders at an answer that is right without looking there", () => {
    expect(say(scene, facts("a", { answer: { ...facts("a").answer!, onTarget: 0.1 } }))).toBe(
      "A’s patches say cat where the cat is; its answer, a4, is right, though it looks mostly elsewhere (10 % on the cat).",
    );
  });

  test("says of an absent word that there is none, and who is not misled", () => {
    const absent: PictureFacts = { kind: "scene", isEmpty: false, word: "lion", presence: "absent" };
    const no = { text: "no", ended: true, verdict: "right" } as const;
    expect(
      say(
        absent,
        facts("a", { patches: "silent", said: [], answer: no }),
        facts("b", { patches: "silent", answer: no }),
      ),
    ).toBe(
      "There is no lion in the scene. The patches of both say lion nowhere, rightly; their answer, no, is right.",
    );
    expect(
      say(absent, facts("b", { patches: "said", answer: { ...no, text: "yes", verdict: "wrong" } })),
    ).toBe(
      "There is no lion in the scene. B’s patches say lion where there is none; its answer, yes, is wrong.",
    );
  });

  test("says that a thing is hidden", () => {
    const hidden: PictureFacts = { ...scene, presence: "hidden" };
    expect(say(hidden, facts("a", { patches: "said", answer: undefined }))).toBe(
      "The cat is wholly hidden. A’s patches say cat all the same.",
    );
  });

  test("says that there is nothing, and what is said of nothing", () => {
    const empty: PictureFacts = { kind: "scene", isEmpty: true, word: "lion", presence: "absent" };
    expect(
      say(
        empty,
        facts("a", { said: [], answer: undefined }),
        facts("b", { said: ["train", "bus"], answer: undefined }),
      ),
    ).toBe(
      "There is nothing in the scene. A’s patches say nothing of it. B’s patches still say train and bus.",
    );
  });

  test("claims no right or wrong where the scene does not settle it", () => {
    const open = { text: "d1", ended: true, verdict: "open", onTarget: 0.7 } as const;
    const text = say(scene, facts("a", { answer: open }));
    expect(text).toBe("A’s patches say cat where the cat is; it answers d1 and looks there (70 %).");
  });

  test("tells what the models say of one's own picture, and claims nothing", () => {
    const own: PictureFacts = { kind: "own", isEmpty: false, word: "dog", question: "is there a dog ?" };
    const open = { text: "yes", ended: true, verdict: "open" } as const;
    const text = say(
      own,
      facts("a", { patches: "silent", said: [], answer: { ...open, text: "no" } }),
      facts("b", { patches: "said", said: ["dog", "ball"], answer: open }),
    );
    expect(text).toBe(
      "A’s patches say no word clearly, dog nowhere; it answers no. B’s patches say dog and ball; it answers yes. Nobody knows the truth of this picture.",
    );
    expect(text).not.toMatch(/right|wrong/);
  });

  test("tells of answers that are empty or do not end, and of words that a model lacks", () => {
    expect(
      say(scene, facts("a", { patches: "unknown", answer: { text: "", ended: true, verdict: "wrong" } })),
    ).toBe("A has no word for cat; its answer is empty.");
    expect(say(scene, facts("a", { answer: { text: "a b c", ended: false, verdict: "wrong" } }))).toBe(
      "A’s patches say cat where the cat is; its answer does not come to an end.",
    );
  });

  test("tells of three, those alike together", () => {
    const silent = { patches: "silent", said: [], answer: wrong } as const;
    expect(say(scene, facts("a", silent), facts("b"), facts("c", silent))).toBe(
      "B’s patches say cat where the cat is; its answer, a4, is right and looks there (80 %). " +
        "The patches of A and C name nothing in the picture; their answer, c4, is wrong, and they look elsewhere (9 % on the cat).",
    );
    const [, letter] = sentenceOf(scene, [facts("a", silent), facts("b"), facts("c", silent)])!.filter(
      ({ kind }) => kind === "model",
    );
    expect(letter).toEqual({ text: "A", kind: "model", letter: "a" });
  });
});
