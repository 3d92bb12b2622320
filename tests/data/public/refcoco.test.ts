import { describe, expect, it } from "vitest";
import { fixture, questionsOf, readAll } from "./fixtures.ts";

const asked = (rows: Parameters<typeof questionsOf>[0]) =>
  questionsOf(rows)
    .map(({ question, answer, difficulty }) => `${question} ${answer} ${difficulty?.split}`)
    .sort();

describe("RefCOCO", () => {
  it("is read from refs(...).p of any age with instances.json", async () => {
    const original = await readAll("refcoco", "refcoco/refs(unc).p");
    expect(original.rows.map(({ id, size }) => [id, size?.width])).toEqual([
      ["139", 40],
      ["285", 40],
    ]);
    expect(original.rows[0].questions[0]).toEqual({
      task: "referring",
      question: "where is person on the left ?",
      answer: "8 8 38 63",
      regions: [{ kind: "box", box: [3.25, 2.5, 15.2, 18.9] }],
      answerType: "box",
      difficulty: { split: "train" },
    });
    for (const name of ["refs(umd).p", "refs(google).p"])
      expect(questionsOf((await readAll("refcoco", `refcoco/${name}`)).rows)).toEqual(
        questionsOf(original.rows),
      );
  });

  it("says the same in both parquet forms of the hub", async () => {
    const original = await readAll("refcoco", "refcoco/refs(unc).p");
    const paths = await readAll("refcoco", "refcoco/paths.parquet");
    expect(asked(paths.rows)).toEqual(asked(original.rows));
    expect(paths.rows.map(({ id }) => id)).toEqual(["0", "1", "2"]);
    // This form has no split in its rows: the file's name says it. The picture lies inside.
    const inside = await readAll("refcoco", "refcoco/testA-00000-of-00001.parquet");
    expect(asked(inside.rows)).toEqual(asked(original.rows).map((line) => line.replace(/\w+$/, "testA")));
    expect(inside.rows.every(({ picture }) => "bytes" in picture)).toBe(true);
    expect([paths.badRows, inside.badRows]).toEqual([0, 0]);
  });

  it("cuts boxes at the border, and counts refs that lead nowhere", async () => {
    const { rows, counts, badRows, firstBad } = await readAll("refcoco", "refcoco/refs(unc).p");
    expect(questionsOf(rows).find(({ question }) => question.includes("apple"))).toMatchObject({
      answer: "55 13 99 66",
      regions: [{ box: [22, 4, 40, 20] }],
    });
    expect(counts).toEqual({ "boxes cut at the border": 1 });
    expect([badRows, ...firstBad]).toEqual([
      3,
      "refs(unc).p, refs[5]: ann_id: Invalid input: expected number, received string",
      "refs(unc).p, refs[3]: ann_id: 77 is no annotation of the instances",
      "refs(unc).p, refs[4]: image_id: 999 is no image of instances.json",
    ]);
  });

  it("takes one split", async () => {
    for (const path of ["refcoco/refs(unc).p", "refcoco/paths.parquet"]) {
      const { rows } = await readAll("refcoco", path, { split: "testA" });
      expect(questionsOf(rows).map(({ question }) => question)).toEqual(["where is left dog ?"]);
    }
  });

  it("refuses other tables, and files that are none", async () => {
    await expect(readAll("refcoco", "pixmo/train-00000-of-00001.parquet")).rejects.toThrow(
      /columns must be ref_id, .*; or question_id, .*, got image_url, image_sha256, points, count, label, collection_method$/,
    );
    await expect(readAll("refcoco", "refcoco/code.p")).rejects.toThrow("must be a whole pickle of plain");
    await expect(readAll("pixmo-points", "own/rows.jsonl")).rejects.toThrow("cannot be read as parquet");
    await expect(
      readAll("refcoco", "refcoco/refs(unc).p", { instances: fixture("none.json") }),
    ).rejects.toThrow("none.json cannot be read");
  });
});
