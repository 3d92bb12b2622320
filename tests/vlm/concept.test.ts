import { describe, expect, test } from "vitest";
import { openEncoder } from "../../src/data/encode.ts";
import { lensMaps } from "../../src/lens/logit-lens.ts";
import { conceptTokens, knowsConcept, uniteConcepts } from "../../src/vlm/concept.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { testPicture, tinyModel } from "../lens/tiny-model.ts";

const folders = ["llava/siglip-qwen2", "llava/clip-mistral", "smolvlm/global", "paligemma/gemma"];

describe.each(folders)("a concept word of %s", async (folder) => {
  const model = await openVlm(`tests/fixtures/models/${folder}`);
  const { chat } = model;
  const words = ["cat", "Cat", "red cat", "A Big Red Cat"];

  test("is the same tokens for the lens and for what training and evaluation encode", async () => {
    const { word } = openEncoder(model);
    const { concepts } = await lensMaps(model, testPicture(64, 64), words);
    expect(concepts.map(({ ids }) => ids)).toEqual(words.map(word));
    for (const text of words) expect(chat.tokenizer.decode(conceptTokens(chat, text)).trim()).toBe(text);
  });

  test("has no white space around it, and keeps its capitals", () => {
    const { word } = openEncoder(model);
    for (const text of ["red cat", " red cat", "red  cat\n", "\tred cat "])
      expect(word(text)).toEqual(conceptTokens(chat, "red cat"));
    expect(conceptTokens(chat, "Cat")).not.toEqual(conceptTokens(chat, "cat"));
  });
});

test("a word that the vocabulary lacks is known not to be known", () => {
  const { chat } = tinyModel();
  const known = (word: string) => knowsConcept(chat, word, conceptTokens(chat, word));
  expect(["cat", " big  cat", "zebra", "big zebra", " ", ""].map(known)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

test("a concept that is given twice is one, with the regions of both", () => {
  const given = [
    { word: "cat", regions: [1] },
    { word: "dog", regions: [] },
    { word: " cat ", regions: [2, 3] },
    { word: "Cat", regions: [] },
  ];
  expect(uniteConcepts(given)).toEqual([
    { word: "cat", regions: [1, 2, 3] },
    { word: "dog", regions: [] },
    { word: "Cat", regions: [] },
  ]);
});
