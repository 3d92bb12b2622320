import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { familyNames, familyOf } from "../../src/answers/families.ts";
import { judge } from "../../src/answers/judge.ts";
import { truthOf } from "../../src/answers/kinds.ts";
import { parseAnswer } from "../../src/answers/parse.ts";
import { type WrittenQuestion, writeAnswer, writeQuestion } from "../../src/answers/write.ts";
import { frameOf, hundredths, type PlaceStyle } from "../../src/grounding/text.ts";

const size = { width: 400, height: 200 };
/** As a processor resizes it. */
const frame = frameOf(size, { width: 392, height: 196 });
const qwen = familyOf("qwen2_5_vl").places;
const google = familyOf("google").places;
const paligemma = familyOf("paligemma").places;
const box = { kind: "box", box: [40, 20, 200, 100] } as const;
const points = { kind: "points", points: [[100, 50], [300, 150]] } as const; // biome-ignore format: one line

const asked = (more: Partial<WrittenQuestion>): WrittenQuestion => ({
  question: "where is it ?",
  answer: "10 10 50 50",
  answerType: "box",
  regions: [box],
  ...more,
});

describe("what a model is trained to say", () => {
  it("is the box of the regions in its own numbers", () => {
    expect(writeAnswer(asked({}), qwen, frame)).toBe("[39, 20, 196, 98]");
    expect(writeAnswer(asked({}), google, frame)).toBe("[100, 100, 500, 500]");
    expect(writeAnswer(asked({}), paligemma, frame)).toBe("<loc0102><loc0102><loc0512><loc0512>");
    expect(writeAnswer(asked({ answer: "in pixels: 40, 20" }), hundredths, frame)).toBe("10 10 50 50");
  });

  it("is the data's own hundredths for a model that writes these, in coarser steps too", () => {
    for (const answer of ["10 10 50 50", "12 12 52 52"])
      expect(writeAnswer(asked({ answer }), hundredths, frame)).toBe(answer);
    // Pixels below 100 are no hundredths.
    const small = { kind: "box", box: [40, 20, 80, 90] } as const;
    expect(writeAnswer(asked({ answer: "40 20 80 90", regions: [small] }), hundredths, frame)).toBe(
      "10 10 20 45",
    );
  });

  it("is made from hundredths where there is no region", () => {
    expect(writeAnswer(asked({ regions: [] }), google, frame)).toBe("[105, 105, 505, 505]");
  });

  it("are the points of the regions, those that the answer names on areas, or the middles", () => {
    const question = asked({ answerType: "points", answer: "25 25 , 75 75", regions: [points] });
    expect(writeAnswer(question, hundredths, frame)).toBe("25 25 , 75 75");
    expect(writeAnswer(question, qwen, frame)).toBe("[[98, 49], [294, 147]]");
    const area = { ...question, answer: "20 20", regions: [box] };
    expect(writeAnswer(area, google, frame)).toBe("[[205, 205]]");
    expect(writeAnswer({ ...area, answer: "here" }, google, frame)).toBe("[[300, 300]]");
    expect(writeAnswer({ ...area, answer: "none", regions: [] }, qwen, frame)).toBe("none");
  });

  it("is any other answer as it stands", () => {
    for (const answerType of ["label", "number", "yes-no", "cell"] as const)
      expect(writeAnswer(asked({ answerType, answer: "10 10 50 50" }), qwen, frame)).toBe("10 10 50 50");
  });

  it("holds places of regions inside of free text in its own numbers, and no other numbers", () => {
    const other = { kind: "box", box: [0, 0, 40, 20] } as const;
    const text = { answerType: "text", regions: [box, other] } as const;
    const answer = "two of 12: 10 10 50 50, 0 0 10 10 and 1 2 3 4";
    expect(writeAnswer(asked({ ...text, answer }), google, frame)).toBe(
      "two of 12: [100, 100, 500, 500], [0, 0, 100, 100] and 1 2 3 4",
    );
    expect(writeAnswer(asked({ ...text, answer }), hundredths, frame)).toBe(answer);
    const question = asked({ question: "what is at 20 30 ?", answer: "a cat", answerType: "text" });
    expect(writeQuestion(question, google, frame)).toBe("what is at [305, 205] ?");
    expect(writeQuestion({ ...question, question: "what is at 90 90 ?" }, google, frame)).toBe(
      "what is at 90 90 ?",
    );
  });

  it("is read back as right by the judge, in every family's style and whatever the picture", () => {
    const side = fc.integer({ min: 60, max: 2000 });
    const share = fc.double({ min: 0, max: 0.4, noNaN: true });
    const span = fc.double({ min: 0.1, max: 0.5, noNaN: true });
    const styles: PlaceStyle[] = familyNames.map((name) => familyOf(name).places);
    fc.assert(
      fc.property(
        side,
        side,
        share,
        share,
        span,
        fc.constantFrom(...styles),
        (width, height, x, y, d, style) => {
          const picture = { width, height };
          const seen = frameOf(picture, {
            width: Math.ceil(width / 28) * 28,
            height: Math.ceil(height / 28) * 28,
          });
          const regions = [
            { kind: "box", box: [x * width, y * height, (x + d) * width, (y + d) * height] },
          ] as const;
          for (const answerType of ["box", "points"] as const) {
            const question = { question: "", answer: "?", answerType, regions };
            const truth = truthOf(question, picture);
            const { parsed } = parseAnswer(writeAnswer(question, style, seen), truth, style, seen);
            expect(judge(truth, parsed).correct).toBe(true);
          }
        },
      ),
    );
  });
});
