/** A glance is the lens and the attention of each question alone, for every family. */
import { afterAll, describe, expect, test } from "vitest";
import { type AttentionResult, attentionMaps } from "../../src/lens/attention.ts";
import { type Glance, type GlanceOptions, glance } from "../../src/lens/glance.ts";
import { lensMaps } from "../../src/lens/logit-lens.ts";
import { openVlm, type Vlm } from "../../src/vlm/open.ts";
import { processedNames } from "../models/parity.ts";
import { testPicture, tinyModel } from "./tiny-model.ts";

const questions = ["what is it", "where is the cat", "is there a cat"];

/** The same by the functions that compute one thing each. */
async function oneByOne(model: Vlm, picture: ReturnType<typeof testPicture>, options: GlanceOptions) {
  const { words = [], top = 0, maxNewTokens = 16 } = options;
  const answers = [];
  for (const question of options.questions ?? [])
    answers.push(await attentionMaps(model, picture, question, { maxNewTokens }));
  return { lens: await lensMaps(model, picture, words, { topK: top }), answers };
}

/** Equal but for rounding in numbers, exactly in all else; paths of what differs. */
function differences(got: unknown, want: unknown, path = ""): string[] {
  if (typeof got === "number" && typeof want === "number")
    return Math.abs(got - want) <= 1e-5 ? [] : [`${path}: ${got} instead of ${want}`];
  if (typeof got !== "object" || typeof want !== "object" || got === null || want === null)
    return got === want ? [] : [`${path}: ${got} instead of ${want}`];
  const keys = new Set([...Object.keys(got), ...Object.keys(want)]);
  return [...keys].flatMap((key) => {
    const [a, b] = [got, want].map((x) => (x as Record<string, unknown>)[key]);
    return differences(a, b, `${path}.${key}`);
  });
}

/** Words that are as likely as each other but for rounding may change places: their probabilities are compared. */
function withoutNames({
  lens,
  answers,
}: Pick<Glance, "lens"> & { readonly answers: readonly AttentionResult[] }) {
  const layers = lens.layers.map((layer) => ({
    ...layer,
    words: layer.words.map((words) => words.map(({ probability }) => probability)),
  }));
  const plain = answers.map(({ unknown: _, ...answer }: AttentionResult & { unknown?: unknown }) => answer);
  return { answers: plain, lens: { ...lens, layers, global: lens.global?.layers.map(({ maps }) => maps) } };
}

describe.each(processedNames)("%s", async (name) => {
  const model = await openVlm(`tests/fixtures/models/${name}`);
  afterAll(() => model.programs.dispose());

  test("gives the maps, answers and attention of each alone", async () => {
    const picture = testPicture(60, 45);
    const asked = {
      words: ["cat", "dog"],
      questions,
      top: 3,
      layers: "all",
      heads: true,
      maxNewTokens: 3,
    } as const;
    const got = await glance(model, picture, asked);
    const want = await oneByOne(model, picture, asked);
    expect(differences(withoutNames(got), withoutNames(want))).toEqual([]);
  });
});

describe("a glance", () => {
  const model = tinyModel();
  const asked = { words: ["cat"], questions: ["what is it ?", "is it red ?"] };

  test("is the same whatever was seen before", async () => {
    const pictures = [testPicture(), testPicture(24, 20), testPicture(17, 31)];
    const fresh = [];
    for (const picture of pictures) fresh.push(await glance(tinyModel(), picture, asked));
    for (const [i, picture] of [...pictures.entries(), ...pictures.entries()])
      expect(await glance(model, picture, asked)).toEqual(fresh[i]);
  });

  test("answers at length as alone, and ends answers where attention maps do", async () => {
    for (const maxNewTokens of [1, 2, 4, 5, 13]) {
      const got = await glance(model, testPicture(), { ...asked, maxNewTokens });
      for (const [q, question] of asked.questions.entries()) {
        const { answer, ended } = await attentionMaps(model, testPicture(), question, { maxNewTokens });
        expect(got.answers[q]).toMatchObject({ question, answer, ended });
      }
    }
  });

  test("compiles nothing anew for a question of another length, up to a step of few", async () => {
    await glance(model, testPicture(), { ...asked, questions: ["is it red ?", "is it blue ?"] });
    const { size } = model.programs;
    await glance(model, testPicture(), { ...asked, questions: ["is it the red ball ?", "is it ?"] });
    expect(model.programs.size).toBe(size);
  });

  test("names the likeliest words at the last layer, and no heads, unless asked for", async () => {
    const { lens, answers } = await glance(model, testPicture(), { ...asked, top: 2 });
    expect(lens.layers.map(({ words }) => words.length)).toEqual([0, 0, 16]);
    for (const { tokens } of answers)
      for (const { layers } of tokens)
        for (const { heads, headShares, map } of layers) {
          expect([heads.length, headShares.length, map.length]).toEqual([0, 2, 16]);
        }
  });

  test("without questions is the lens alone", async () => {
    const { answers, lens } = await glance(model, testPicture(), { words: ["dog"] });
    expect(answers).toEqual([]);
    expect(lens).toEqual(await lensMaps(model, testPicture(), ["dog"]));
  });

  test("leaves out words that the vocabulary lacks, and says so", async () => {
    const questions = ["where is the zebra ?", "where is the cat ?"];
    const seen = await glance(model, testPicture(), { words: ["zebra", " big  cat ", ""], questions });
    expect(seen.unknown).toEqual(["zebra", ""]);
    expect(seen.lens.concepts.map(({ word }) => word)).toEqual(["big cat"]);
    expect(seen.lens.layers[0].maps).toHaveLength(1);
    expect(seen.answers.map(({ unknown }) => unknown)).toEqual([["zebra"], []]);
  });

  test("refuses questions that are too long in one line", async () => {
    const question = "what is it ? ".repeat(40);
    await expect(glance(model, testPicture(), { questions: [question] })).rejects.toThrow(/shorter by/);
  });
});
