import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { polygonRuns } from "../../../src/data/public/polygon.ts";
import { maskArea } from "../../../src/grounding/mask.ts";
import { compressCounts, expandCounts } from "../../../src/grounding/rle.ts";
import { fixture, questionsOf, readAll } from "./fixtures.ts";

const instances = "coco/instances_val2017.json";

describe("polygons", () => {
  it("are filled as pycocotools fills them, pixel for pixel", async () => {
    const cases = JSON.parse(await readFile(fixture("coco/polygons.json"), "utf8"));
    expect(cases).toHaveLength(60);
    for (const { size, polygon, counts, area } of cases) {
      const mask = polygonRuns(polygon, size[0], size[1]);
      expect([compressCounts(mask.counts), maskArea(mask)]).toEqual([counts, area]);
    }
  });
});

describe("COCO instances", () => {
  it("become concepts with masks of polygons and of both run-length forms", async () => {
    const { rows } = await readAll("coco", instances);
    const [first] = rows;
    expect(first).toMatchObject({ id: "139", size: { width: 40, height: 30 } });
    expect(first.concepts.map(({ word, regions }) => [word, regions.length])).toEqual([
      ["person", 1],
      ["dog", 1],
      ["apple", 1],
      ["cat", 0],
    ]);
    const masks = first.concepts
      .slice(0, 3)
      .map(({ regions: [mask] }) => mask.kind === "mask" && mask.counts);
    // pycocotools: the polygon, the union of the two, the run lengths.
    const expected = JSON.parse(await readFile(fixture("coco/masks.json"), "utf8"));
    expect(masks).toEqual(expected.map(expandCounts));
  });

  it("ask for presence, half yes and half no, and for what is at a point", async () => {
    const [{ questions }] = (await readAll("coco", instances)).rows;
    expect(questions.map(({ task, question, answer }) => [task, question, answer])).toMatchInlineSnapshot(`
      [
        [
          "presence",
          "is there a person ?",
          "yes",
        ],
        [
          "presence",
          "is there a dog ?",
          "yes",
        ],
        [
          "presence",
          "is there an apple ?",
          "yes",
        ],
        [
          "presence",
          "is there a cat ?",
          "no",
        ],
        [
          "naming",
          "what is at 23 38 ?",
          "person",
        ],
        [
          "naming",
          "what is at 21 75 ?",
          "dog",
        ],
        [
          "naming",
          "what is at 73 65 ?",
          "apple",
        ],
      ]
    `);
    expect(questions.every(({ answer, regions }) => (answer === "no") === (regions.length === 0))).toBe(true);
  });

  it("leave out what a crowd or a bad object is part of", async () => {
    const { rows, counts } = await readAll("coco", instances);
    expect(rows.map(({ id }) => id)).toEqual(["139"]);
    expect(counts).toMatchInlineSnapshot(`
      {
        "annotations of a crowd, or of a category that is not asked about": 3,
        "boxes cut at the border": 1,
        "categories of a picture with a crowd or a bad object, not asked about": 3,
        "pictures with nothing to ask about": 2,
      }
    `);
    const withCrowd = await readAll("coco", instances, { crowd: true });
    const [, second] = withCrowd.rows;
    expect(second.id).toBe("285");
    expect(second.concepts).toMatchObject([
      { word: "person", regions: [{ kind: "mask" }, { kind: "mask" }] },
      { word: "cat", regions: [] }, // Not the dog or the apple: they are there, but badly described.
    ]);
    const [crowd] = second.concepts[0].regions;
    expect(crowd.kind === "mask" && maskArea(crowd)).toBe(225); // As its compressed twin.
  });

  it("count bad rows with file, row and field, and stop at the first when strict", async () => {
    const { badRows, firstBad } = await readAll("coco", instances);
    expect(badRows).toBe(6);
    expect(firstBad.map((line) => line.replaceAll(fixture(""), "DIR/"))).toMatchInlineSnapshot(`
      [
        "instances_val2017.json, annotations[6]: segmentation[0]: must be x and y of at least 3 corners",
        "instances_val2017.json, annotations[7]: category_id: 99 is no category of the file",
        "instances_val2017.json, annotations[9]: bbox[2]: Invalid input: expected number, received string",
        "instances_val2017.json, annotations[8]: segmentation.counts: must add up to 30 x 40, got 11",
        "instances_val2017.json, annotations[10]: bbox: must have an area in the 40 x 30 picture, got [50, 1, 52, 3]",
      ]
    `);
    await expect(readAll("coco", instances, { strict: true })).rejects.toThrow(firstBad[0]);
    await expect(readAll("coco", "coco/polygons.json")).rejects.toThrow(
      "content must be an object with the lists images, annotations, categories, got",
    );
    await expect(readAll("coco", "grounding/swift.jsonl")).rejects.toThrow("must be JSON");
    await expect(readAll("coco", "coco/nothing.json")).rejects.toThrow("cannot be read");
  });
});

describe("COCO captions", () => {
  it("are answers to one request", async () => {
    const { rows, badRows, firstBad } = await readAll("coco-captions", "coco/captions_val2017.json");
    expect(rows.map(({ id }) => id)).toEqual(["139", "285", "632"]);
    expect(questionsOf(rows).map(({ answer }) => answer)).toEqual([
      "A person beside a dog and an apple.",
      "Fruit in a corner.",
      "A crowd of people.",
      "The file says a wrong width of this one.",
    ]);
    expect(questionsOf(rows)[0]).toMatchObject({
      task: "caption",
      question: "describe the image .",
      answerType: "text",
    });
    expect([badRows, ...firstBad]).toEqual([
      2,
      "captions_val2017.json, annotations[3]: caption: must not be empty",
      "captions_val2017.json, annotations[4]: caption: Invalid input: expected string, received undefined",
    ]);
  });
});
