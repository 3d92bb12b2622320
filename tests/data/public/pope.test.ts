import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pope } from "../../../src/data/public/pope.ts";
import { openTally } from "../../../src/data/public/tally.ts";
import { images, questionsOf, readAll } from "./fixtures.ts";

describe("POPE", () => {
  it("has a task for each of its three splits", async () => {
    const { rows } = await readAll("pope", "pope");
    expect(rows.map(({ id }) => id).slice(0, 5)).toEqual([
      "adversarial-1",
      "adversarial-2",
      "adversarial-3",
      "adversarial-4",
      "popular-1",
    ]);
    expect(questionsOf(rows).at(-1)).toEqual({
      task: "pope-random",
      question: "Is there an apple in the imange?", // As it was published at first.
      answer: "no",
      regions: [],
      answerType: "yes-no",
      difficulty: { split: "random" },
    });
    expect((await readAll("pope", "pope", { split: "popular" })).rows).toHaveLength(4);
  });

  it("is read from lists and from the hub's parquet too", async () => {
    const { rows, badRows, firstBad } = await readAll("pope", "pope-list");
    expect(questionsOf(rows).map(({ task, answer }) => [task, answer])).toEqual([
      ["pope-random", "yes"],
      ["pope-adversarial", "yes"],
      ["pope-popular", "no"],
      ["pope-random", "yes"],
    ]);
    expect([badRows, firstBad[0]]).toEqual([
      1,
      'gqa_pope_seem_random.json, row 2: label: Invalid option: expected one of "yes"|"no"',
    ]);
  });

  it("says which edition the number of questions tells", async () => {
    const folder = await mkdtemp(join(tmpdir(), "fovea-pope-"));
    const notes = async (count: number) => {
      const row = { question_id: 1, image: "turned.jpg", text: "Is there a dog in the image?", label: "yes" };
      const path = join(folder, "coco_pope_random.json");
      await writeFile(path, `${JSON.stringify(row)}\n`.repeat(count));
      const tally = openTally();
      let read = 0;
      for await (const _ of pope.read({ path, images, options: {}, tally })) read++;
      expect(read).toBe(count);
      return tally.summary().notes;
    };
    expect(await notes(2910)).toEqual([
      "random: 2910 questions, the first edition (May 2023: 1500 yes, 1410 no)",
    ]);
    expect(await notes(3000)).toEqual([
      "random: 3000 questions, the edition since October 2023 (1500 yes, 1500 no)",
    ]);
    expect(await notes(3)).toEqual(["random: 3 questions, not those on COCO"]);
    await rm(folder, { recursive: true });
  });
});
