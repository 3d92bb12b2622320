import { describe, expect, it } from "vitest";
import { questionsOf, readAll } from "./fixtures.ts";

describe("grounding JSON", () => {
  it("of ms-swift fills in objects, in pixels, shares and thousandths", async () => {
    const { rows } = await readAll("grounding", "grounding/swift.jsonl");
    const short = questionsOf(rows).map(({ question, answer, answerType, regions }) => {
      const places = regions.map((region) =>
        "box" in region ? region.box : "points" in region && region.points,
      );
      return [question, answer, answerType, JSON.stringify(places)].join(" | ");
    });
    expect(short).toEqual([
      "Describe the image. | a dog 10 10 50 50 and a woman 25 20 95 90 are playing | text | [[4,3,20,15],[10,6,38,27]]",
      "Find the sheep in the image | 10 10 50 50, 60 20 90 90 | text | [[4,3,20,15],[24,6,36,27]]",
      "Find the cat | 10 20 50 90 | box | [[4,6,20,27]]",
      "Help me open Google Chrome | Action: click(start_box='50 50') | text | [[[20,15]]]",
      "Point to the cup | 50 50 | points | [[[20,15]]]",
      "What is at 10 10 50 50? | a cup | text | [[4,3,20,15]]",
    ]);
  });

  it("of LLaMA-Factory has boxes in its texts, read only when their unit is given", async () => {
    const asIs = await readAll("grounding", "grounding/sharegpt.json");
    expect(
      questionsOf(asIs.rows).map(({ question, answer, regions }) => [question, answer, regions.length]),
    ).toEqual([
      ["Where is the dog?", "[100, 200, 500, 900]", 0],
      [
        "Find the <|object_ref_start|>dog<|object_ref_end|>",
        "<|box_start|>(100,200),(500,900)<|box_end|>",
        0,
      ],
      ["Who?", "A dog.", 0],
      ["Is it a dog?", "yes", 0],
    ]);
    const { rows } = await readAll("grounding", "grounding/sharegpt.json", { boxes: "norm1000" });
    expect(questionsOf(rows).slice(0, 2)).toEqual(
      ["Where is the dog?", "Find the dog"].map((question) => ({
        task: "grounding",
        question,
        answer: "10 20 50 90",
        regions: [{ kind: "box", box: [4, 6, 20, 27] }],
        answerType: "box",
      })),
    );
    const inPixels = await readAll("grounding", "grounding/sharegpt.json", { boxes: "real" });
    expect(inPixels.firstBad[0]).toContain(
      "row 1: bbox: must have an area in the 40 x 30 picture, got [100, 200, 500, 900]",
    );
  });

  it("is refused with file, line and field", async () => {
    const { firstBad, badRows } = await readAll("grounding", "grounding");
    expect(badRows).toBe(6);
    expect(firstBad).toEqual([
      "sharegpt.json, row 4: messages[1].role: must be assistant, got observation",
      "swift.jsonl, line 6: objects.bbox: must have an entry for every <bbox>",
      "swift.jsonl, line 7: objects: must be as many as <ref-object> and <bbox>, got 1 more",
      "swift.jsonl, line 8: objects.bbox[0]: must have 2 or 4 numbers",
      "swift.jsonl, line 9: images: must be one picture, got 2",
    ]);
    await expect(readAll("grounding", "grounding", { strict: true })).rejects.toThrow(firstBad[0]);
  });
});
