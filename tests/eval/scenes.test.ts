import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { conceptWords } from "../../src/data/assets/concepts.ts";
import type { Example } from "../../src/data/example.ts";
import { refOf } from "../../src/data/example.ts";
import { vocabulary } from "../../src/data/tasks/registry.ts";
import { evaluate } from "../../src/eval/evaluate.ts";
import { scenesFor } from "../../src/eval/scenes.ts";
import { openChat } from "../../src/hub/text/chat.ts";
import { openTokenizer } from "../../src/hub/text/tokenizer.ts";
import { wordTokenizer } from "../../src/hub/text/word-tokenizer.ts";
import type { Vlm } from "../../src/vlm/open.ts";
import { testPicture, tinyModel } from "../lens/tiny-model.ts";

const names = conceptWords(8);

/** The tiny model with the words of eight concepts and of the tasks on a grid of 3. */
function withWords(folder = "nowhere"): Vlm {
  const words = vocabulary({ names, tasks: ["naming", "presence"], grid: 3 });
  return { ...tinyModel(), folder, chat: openChat(openTokenizer(wordTokenizer(words))) };
}

const wordsOf = (examples: readonly Example[]) =>
  new Set(examples.flatMap(({ concepts }) => concepts.map(({ word }) => word)));
const tasksOf = (examples: readonly Example[]) =>
  new Set(examples.flatMap(({ questions }) => questions.map(({ task }) => task)));

test("scenes hold what the vocabulary knows: concepts, tasks, grid and image size", async () => {
  const examples = await scenesFor(withWords(), { count: 40, seed: 3 });
  expect(examples).toHaveLength(40);
  for (const word of wordsOf(examples)) expect(names).toContain(word);
  // The other tasks' questions hold words that are missing.
  expect([...tasksOf(examples)].sort()).toEqual(["naming", "presence"]);
  expect(examples[0].image.width).toBe(16);
  const cells = examples.flatMap(({ questions }) =>
    questions.flatMap(({ question }) => question.match(/[a-z]\d/g) ?? []),
  );
  expect(cells.length).toBeGreaterThan(0);
  for (const cell of cells) expect(cell).toMatch(/^[a-c][1-3]$/);
});

test("the same seed gives the same scenes, another one others", async () => {
  const make = (seed: number) => scenesFor(withWords(), { count: 2, seed });
  expect(await make(1)).toEqual(await make(1));
  expect(await make(1)).not.toEqual(await make(2));
});

test("a training config beside the model decides concepts and tasks", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fovea-"));
  try {
    const config = {
      data: { names: 5, tasks: ["presence"], scene: { objects: [1, 2] } },
      losses: { ntp: {} },
    };
    await writeFile(join(folder, "training.yaml"), JSON.stringify(config));
    const examples = await scenesFor(withWords(folder), { count: 30, seed: 1 });
    expect(tasksOf(examples)).toEqual(new Set(["presence"]));
    expect([...wordsOf(examples)].sort()).toEqual([...names.slice(0, 5)].sort());
    for (const { concepts } of examples)
      expect(concepts.filter(({ regions }) => regions.length > 0).length).toBeLessThanOrEqual(2);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a model without the words, and data with words that a model lacks, are refused", async () => {
  const mute = { ...tinyModel(), chat: openChat(openTokenizer(wordTokenizer(["hm"]))) };
  await expect(scenesFor(mute, { count: 1, seed: 0 })).rejects.toThrow("has no words for scenes");
  const strange = [
    { id: "0", image: testPicture(), questions: [], concepts: [{ word: "zeppelin", regions: [] }] },
  ];
  await expect(evaluate(tinyModel(), strange.map(refOf))).rejects.toThrow(
    'eval: every concept must be one that tiny knows, got "zeppelin"',
  );
});
