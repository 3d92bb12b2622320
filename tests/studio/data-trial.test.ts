/** Line tracing to try oneself: the items, the ends that can be clicked, and what is said of the scores. */
import { describe, expect, test } from "vitest";
import { paint } from "../../src/data/drawing/paint.ts";
import {
  endAt,
  endsOf,
  enlarged,
  trialMaker,
  trialScores,
  trialSentence,
  tried,
} from "../../src/studio/page/data/trial/trial.ts";

describe.each(["easy", "hard"] as const)("the %s level", (level) => {
  const make = trialMaker(level);

  test("has items that are the same for everybody, each with ends to choose from", () => {
    expect(make(1, 7).image).toEqual(make(1, 7).image);
    for (let i = 0; i < 6; i++) {
      const item = make(1, i);
      const ends = endsOf(item);
      const [question] = item.questions;
      expect(ends.map(({ label }) => label).sort()).toEqual([...(question.choices ?? [])].sort());
      const [answer] = ends.filter(({ label }) => label === question.answer);
      const [line] = question.regions;
      expect(line.kind === "polyline" && line.points.at(-1)).toEqual(
        answer.centre.map((at) => expect.closeTo(at, 6)),
      );
      expect(endAt(ends, answer.centre, 4)).toBe(answer);
    }
  });

  test("looks the same when it is larger", () => {
    const { drawing } = make(1, 3);
    const large = paint(enlarged(drawing, 3));
    const small = paint(drawing);
    let differing = 0;
    for (let y = 0; y < small.height; y++)
      for (let x = 0; x < small.width; x++) {
        const middle = large.data[3 * ((3 * y + 1) * large.width + 3 * x + 1)];
        if (Math.abs(middle - small.data[3 * (y * small.width + x)]) > 200) differing++;
      }
    expect(differing / (small.width * small.height)).toBeLessThan(0.02);
  });
});

const question = (crossings: number) => ({
  task: "line-tracing",
  question: "?",
  answer: "B",
  regions: [],
  difficulty: { crossings },
});

test("scores are by crossings, with the intervals of so few answers", () => {
  const answers = [tried(0, question(2), "b"), tried(1, question(0), "A"), tried(2, question(2), "B")];
  const { all, byCrossings } = trialScores(answers);
  expect([...byCrossings].map(([crossings, { value, count }]) => [crossings, value, count])).toEqual([
    [0, 0, 1],
    [2, 1, 2],
  ]);
  expect(all.value).toBeCloseTo(2 / 3);
  expect(all.high - all.low).toBeGreaterThan(0.6);
});

test("the sentence claims no more than the answers tell", () => {
  const none = trialScores([]);
  const one = trialScores([tried(0, question(2), "B")]);
  const many = trialScores(Array.from({ length: 25 }, (_, i) => tried(i, question(1), i < 20 ? "B" : "A")));
  expect(trialSentence(none, undefined, "the model")).toMatch(/^Follow the line/);
  expect(trialSentence(one, none, "the model")).toBe(
    "You were right 1 of 1 time; so few answers tell little, as the intervals show.",
  );
  expect(trialSentence(many, many, "the model")).toBe(
    "You were right 20 of 25 times, the model 20 of 25 on the same pictures.",
  );
});

test("a click far from every end takes none", () => {
  const ends = [{ label: "A", centre: [10, 10] as const }];
  expect(endAt(ends, [12, 10], 5)?.label).toBe("A");
  expect(endAt(ends, [30, 10], 5)).toBeUndefined();
});
