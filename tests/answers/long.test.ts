import { expect, it } from "vitest";
import { familyOf } from "../../src/answers/families.ts";
import { parseAnswer } from "../../src/answers/parse.ts";

const size = { width: 640, height: 480 };
const read = (text: string, answerType: "number" | "yes-no") =>
  parseAnswer(text, { answerType, ...size }, familyOf("generic").places, size as never);

/** Patterns that go back over such runs take minutes for one of these answers. */
it("reads answers with very long runs of digits or of empty lines", () => {
  expect(read(`The answer is 12.${"\n".repeat(300_000)}`, "number")).toEqual({
    parsed: { type: "number", value: 12 },
  });
  expect(read(`${"\n".repeat(300_000)}Yes.${" ".repeat(300_000)}`, "yes-no")).toEqual({
    parsed: { type: "yes-no", value: "yes" },
  });
  expect(read(`A${"0".repeat(600_000)}`, "number").parsed).toBeNull();
});
