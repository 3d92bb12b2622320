import { expect, test } from "vitest";
import { random } from "../../src/common/random.ts";
import { lineTracing } from "../../src/data/tasks/line-tracing/index.ts";

test("a small picture asks about all its lines, each with its own end", () => {
  const options = lineTracing.options.parse({
    size: 64,
    lines: 3,
    crossings: 2,
    selfCrossings: 0,
    nearTangent: "none",
    distractors: 0,
    family: "spline",
    labels: "letters",
    questions: "all",
  });
  const { questions } = lineTracing.make(random("small", 0), options);
  expect(questions.map(({ answer }) => answer).sort()).toEqual(["A", "B", "C"]);
  expect(questions[0].difficulty).toMatchObject({
    lines: 3,
    crossings: 2,
    selfCrossings: 0,
    family: "spline",
  });
  expect(lineTracing.make(random("small", 0), options)).toEqual(
    lineTracing.make(random("small", 0), options),
  );
});
