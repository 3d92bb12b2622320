import { expect, test } from "vitest";
import { lensMaps } from "../../src/lens/logit-lens.ts";
import { patchWords } from "../../src/lens/patch-words.ts";
import { openVlm, type Vlm } from "../../src/vlm/open.ts";
import { testPicture, tinyModel } from "./tiny-model.ts";

const model = tinyModel();
const picture = testPicture();

test("a patch says what the maps say there, at every layer", async () => {
  const all = await lensMaps(model, picture, ["cat", "big dog"], { ranks: true, topK: 4 });
  const logits = await lensMaps(model, picture, ["cat", "big dog"], { space: "logit" });
  const { patches, vocabulary } = await patchWords(model, picture, [9, 2], ["cat", "big dog"], { topK: 4 });
  expect(vocabulary).toBe(all.vocabulary);
  expect(patches.map(({ patch, row, column }) => [patch, row, column])).toEqual([
    [9, 3, 2],
    [2, 1, 3],
  ]);
  for (const { patch, layers } of patches)
    for (const { layer, words, asked } of layers) {
      expect(words.map(({ id }) => id)).toEqual(all.layers[layer].words[patch].map(({ id }) => id));
      for (const [k, { probability, logit, rank }] of asked.entries()) {
        expect(probability).toBeCloseTo(all.layers[layer].maps[k][patch], 6);
        expect(logit).toBeCloseTo(logits.layers[layer].maps[k][patch], 5);
        expect(rank).toBe(all.layers[layer].ranks[k][patch]);
      }
    }
});

test("a word is shown in the pieces that the tokenizer makes of it", async () => {
  const { words } = await patchWords(model, picture, [0], ["  big   dog "]);
  expect(words).toMatchObject([{ word: "big dog", pieces: ["big", "dog"] }]);
  const published = await openVlm("tests/fixtures/models/smolvlm/tiles");
  const [{ pieces, ids }] = (await patchWords(published, testPicture(60, 40), [0], ["tower"])).words;
  expect(pieces.length).toBe(ids.length);
  expect(pieces.length).toBeGreaterThan(1);
});

/** The model, and the kinds of programs that it ran. */
function watched(): { readonly watching: Vlm; readonly kinds: string[] } {
  const own = tinyModel(2);
  const kinds: string[] = [];
  const programs = {
    ...own.programs,
    size: 0,
    run: (kind: string, ...rest: never[]) => {
      kinds.push(kind.split(",")[0].split(" {")[0]);
      return (own.programs.run as (...args: unknown[]) => Promise<never>)(kind, ...rest);
    },
  };
  return { watching: { ...own, programs }, kinds };
}

test("the next patch of a picture costs no pass over it, another picture does", async () => {
  const { watching, kinds } = watched();
  await patchWords(watching, picture, [1], ["cat"]);
  await patchWords(watching, { ...picture }, [2, 3], ["dog"]);
  expect(kinds).toEqual(["image states", "lens", "lens"]);
  const other = { ...picture, data: picture.data.map((x) => 255 - x) };
  await patchWords(watching, other, [1], ["cat"]);
  await patchWords(watching, other, [1], [], { knockOut: { patches: [0], from: "all" } });
  expect(kinds.filter((kind) => kind === "image states")).toHaveLength(3);
});

test("no patch is no work, and no word none asked for", async () => {
  expect((await patchWords(model, picture, [], ["cat"])).patches).toEqual([]);
  const [{ layers }] = (await patchWords(model, picture, [0])).patches;
  expect(layers[0].asked).toEqual([]);
  expect(layers[0].words).toHaveLength(10);
});

test.each([
  ["a patch beyond the grid", [16], ["cat"]],
  ["a word that the vocabulary lacks", [0], ["zebra"]],
] as const)("%s is a mistake in one line", async (_, patches, words) => {
  await expect(patchWords(model, picture, patches, words)).rejects.toThrowErrorMatchingSnapshot();
});
