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

it("reads a command of TeX in thousands of others, and passes over as many words that say nothing", () => {
  expect(read("\\boxed{".repeat(20_000), "yes-no").parsed).toBeNull();
  expect(read(`${"\\boxed{".repeat(3)}7${"}".repeat(3)}`, "number")).toEqual({
    parsed: { type: "number", value: 7 },
  });
  const choices = ["A", "B"];
  const asked = { answerType: "label", choices, ...size } as const;
  const label = (text: string) => parseAnswer(text, asked, familyOf("generic").places, size as never).parsed;
  expect(label(`${"the answer is ".repeat(10)}B`)).toEqual({ type: "label", value: "B" });
  expect(label("answer: ".repeat(20_000))).toBeNull();
});

it("does not read an answer that is longer than any model's", () => {
  const words = Array.from({ length: 50_000 }, (_, i) => `w${i}`).join(" ");
  expect(read(`7 ${words}`, "number")).toEqual({
    parsed: null,
    problem: "answer of 338891 characters, more than 200000",
  });
});

it("reads an answer in which a model says one thing over and over", () => {
  expect(read(`There are 7 cats${".".repeat(60_000)}`, "number")).toEqual({
    parsed: { type: "number", value: 7 },
  });
  expect(read(`Yes${": ".repeat(60_000)}`, "yes-no")).toEqual({ parsed: { type: "yes-no", value: "yes" } });
  expect(read("no, ".repeat(40_000), "yes-no")).toEqual({ parsed: { type: "yes-no", value: "no" } });
});
