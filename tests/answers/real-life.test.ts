/** Answers as people's models write them, by kind of answer. */
import { describe, expect, it } from "vitest";
import { type FamilyName, familyOf, frameFor } from "../../src/answers/families.ts";
import { judge } from "../../src/answers/judge.ts";
import type { AnswerType, Truth } from "../../src/answers/kinds.ts";
import { parseAnswer } from "../../src/answers/parse.ts";

const size = { width: 200, height: 100 };

interface Case {
  readonly choices?: readonly string[];
  readonly family?: FamilyName;
}

/** What was read; "none" for an answer that is none, "several" for one that names two things. */
function read(answerType: AnswerType, text: string, { choices, family = "generic" }: Case = {}): unknown {
  const asked = { answerType, ...size, ...(choices && { choices }) };
  const style = familyOf(family);
  const { parsed, ...rest } = parseAnswer(text, asked, style.places, frameFor(style, size));
  if (parsed === null)
    return "problem" in rest && /more than one/.test(`${rest.problem}`) ? "several" : "none";
  if ("value" in parsed) return parsed.value;
  if (parsed.type === "cell") return [parsed.row, parsed.column];
  return parsed.type === "points" ? parsed.points : parsed.box;
}

const table = (
  type: AnswerType,
  cases: readonly (readonly [text: string, value: unknown])[],
  more: Case = {},
) => it.each(cases)("%j is %j", (text, value) => expect(read(type, text, more)).toEqual(value));

describe("yes or no", () => {
  table("yes-no", [
    ["The image shows no dog. No.\n</think>\n\nYes", "yes"],
    ["Is there one? No.</think>No.", "no"],
    ["<think>\nNo wait\n</think>\n\nYes.", "yes"],
    ["<think>a</think>b</think>No", "no"],
    ["<think>Yes", "none"],
    ["[THINK]No[/THINK]Yes", "yes"],
    ["\u25c1think\u25b7no\u25c1/think\u25b7yes", "yes"],
    ["<|channel|>analysis<|message|>No<|end|><|start|>assistant<|channel|>final<|message|>Yes", "yes"],
    ["<answer>yes</answer>", "yes"],
    ["<think>no</think><answer> No </answer>", "no"],
    ["<|begin_of_box|>Yes<|end_of_box|>", "yes"],
    ["Yes<|im_end|>", "yes"],
    ["Yes</s>", "yes"],
    ["Yes, there is a frog.", "yes"],
    ["Yes there is a frog.", "yes"],
    ["Yes it is", "yes"],
    ["No it is not", "no"],
    ["yes yes yes", "yes"],
    ["**No**, I do not see one.", "no"],
    ['{"answer": "no"}', "no"],
    ['```json\n{"answer": "yes"}\n```', "yes"],
    ["Answer - Yes", "yes"],
    ["Final answer: No.", "no"],
    ["**Final Answer**\nyes", "yes"],
    ["The answer is no because there is nothing that says yes.", "no"],
    ["\\boxed{\\text{Yes}}", "yes"],
    ["True", "yes"],
    ["False.", "no"],
    ["Y", "yes"],
    ["\u662f", "yes"],
    ["\u662f\u7684\uff0c\u56fe\u4e2d\u6709\u4e00\u53ea\u9752\u86d9\u3002", "yes"],
    ["\u6709", "yes"],
    ["\u6ca1\u6709", "no"],
    ["\u4e0d\u662f\u3002", "no"],
    ["\u5426", "no"],
    ["\u56fe\u4e2d\u6ca1\u6709\u9752\u86d9", "no"],
    ["\u7b54\u6848\u662f\uff1a\u662f", "yes"],
    ["Oui, il y en a un.", "yes"],
    ["Nein.", "no"],
    ["The image contains a frog.", "yes"],
    ["I can see a frog in the picture.", "yes"],
    ["I do not see any frog.", "no"],
    ["I don't see a frog in this image.", "no"],
    ["A frog is visible.", "yes"],
    ["There is no frog visible in the image.", "no"],
    ["Yes, there is a frog, but there is no toad.", "yes"],
    ["No, there is no frog, but there is a toad.", "no"],
    // Both can be the answer: which of the two was asked for is not the reader's to guess.
    ["There is no frog, but there is a toad.", "several"],
    ["There is a toad, but no frog.", "several"],
    ["There is a frog. However, there is no toad.", "several"],
    ["Yes, but no.", "several"],
    ["Yes and no", "several"],
    ["I am not sure.", "none"],
    ["", "none"],
  ]);
});

describe("labels", () => {
  const choices = ["A", "B", "C", "D"];
  table(
    "label",
    [
      ["The answer is C because option B is too long.", "C"],
      ["The answer is C, since A and B are crossed.", "C"],
      ["Answer: C (not B)", "C"],
      ["The correct answer is (C).", "C"],
      ["The correct option is C.", "C"],
      ["The answer to the question is C.", "C"],
      ["Answer: **C**. Option A is wrong.", "C"],
      ["C. The line passes A and B before it ends.", "C"],
      ["C) circle", "C"],
      ["C: the third end", "C"],
      ["**C.** Because A is crossed.", "C"],
      ["(C) is right", "C"],
      ["Option C", "C"],
      ["option c", "C"],
      ["It is c.", "C"],
      ["$C$", "C"],
      ["\\(C\\)", "C"],
      ["\\boxed{C}", "C"],
      ["\\boxed{\\text{C}}", "C"],
      ["\\boxed{\\mathbf{\\text{C}}}", "C"],
      ["So $\\boxed{(C)}$.", "C"],
      ["First \\boxed{A}, no: \\boxed{C}", "C"],
      ["\uff23", "C"],
      ["\uff08\uff23\uff09", "C"],
      ["\u7b54\u6848\uff1aC", "C"],
      ["\u7b54\u6848\u662fC\u3002", "C"],
      ["\u6240\u4ee5\u7b54\u6848\u4e3aC\uff0c\u56e0\u4e3aB\u4e0d\u5bf9", "C"],
      ["\u9009C", "C"],
      ["\u5e94\u8be5\u9009\u62e9C", "C"],
      ["- C", "C"],
      ["> C", "C"],
      ["C\n\nC", "C"],
      ["C C C", "C"],
      ["```\nC\n```", "C"],
      ['{"label": "C"}', "C"],
      ['{"answer": "C", "reason": "A and B are crossed"}', "C"],
      ["Reasoning: A is passed.\n\n### Final Answer\nC", "C"],
      ["Final answer \u2014 C", "C"],
      ["I think it ends at C", "C"],
      ["I'm sure it is C", "C"],
      ["A line goes to C", "C"],
      ["Line 3 passes the label B and reaches C", "C"],
      ["A or C", "several"],
      ["The answer is A or C.", "several"],
      ["The answer is A and C", "several"],
      ["A, C", "several"],
      ["Either A or C because both fit", "several"],
      ["A: red\nB: blue", "several"],
      ["E", "none"],
      ["The answer is unclear.", "none"],
      ["Can't say.", "none"],
    ],
    { choices },
  );

  describe("that are words", () => {
    table(
      "label",
      [
        ["It is a red circle.", "red circle"],
        ["The answer is red circle because the star is blue.", "red circle"],
        ["Red circle, not star", "red circle"],
        ["circle", "circle"],
        ["The label is 'top-left'.", "top-left"],
        ["star or circle", "several"],
      ],
      { choices: ["star", "circle", "red circle", "top-left"] },
    );
  });

  describe("that are numbers", () => {
    table(
      "label",
      [
        ["two", "2"],
        ["The answer is 2 because 1 is crossed", "2"],
        ["2.", "2"],
        ["-2", "none"],
        ["2.5", "none"],
        ["12", "none"],
        ["1 or 2", "several"],
      ],
      { choices: ["1", "2", "3"] },
    );
  });

  describe("without a list", () => {
    table("label", [
      ["The answer is C because option B is too long.", "C"],
      ["Answer: 7", "7"],
      ["**K**", "K"],
      ["Final answer: K, the third letter", "K"],
      ["The circled letter is k.", "k"],
      ["K or L", "none"],
      ["Answer: K or L", "several"],
    ]);
  });
});

describe("numbers", () => {
  table("number", [
    ["\uff13", 3],
    ['"3"', 3],
    ["3 crossings", 3],
    ["3cm", 3],
    ["3x", 3],
    ["3.0", 3],
    ["There are three crossings.", 3],
    ["The answer is 3 because 2 of the 5 lines cross.", 3],
    ["Answer: 3 (counting the point at (10, 20))", 3],
    ["Final answer: 3", 3],
    ["**Final answer**\n3", 3],
    ["Total: 1 + 2 = 3", 3],
    ["\\boxed{3}", 3],
    ["\\boxed{\\text{three}}", 3],
    ["I count one, two and then another.\nSo the answer is 3.", 3],
    ["3\n3\n3", 3],
    ['{"count": 3}', 3],
    ["\u4e09", 3],
    ["\u5341\u4e8c", 12],
    ["3\u4e2a", 3],
    ["\u56fe\u4e2d\u6709\u4e09\u4e2a\u82f9\u679c\u3002", 3],
    ["\u7b54\u6848\u662f3", 3],
    ["1,024", 1024],
    ["3 or 4", "several"],
    ["Answer: 3 or 4", "several"],
    ["between 3 and 4", "several"],
    ["3-4", "several"],
    ["many", "none"],
  ]);
});

describe("cells", () => {
  table("cell", [
    ['{"row": 2, "column": 3}', [2, 3]],
    ['{"column": "3", "row": "2"}', [2, 3]],
    ['```json\n{"row": 2, "col": 3}\n```', [2, 3]],
    ['{"r": 2, "c": 3}', [2, 3]],
    ['{"cell": "c2"}', [2, 3]],
    ['{"cell": [2, 3]}', [2, 3]],
    ["[2, 3]", [2, 3]],
    ["<cell>2, 3</cell>", [2, 3]],
    ["Row: 2\nColumn: 3", [2, 3]],
    ["row = 2, column = 3", [2, 3]],
    ["Row \uff12, Column \uff13", [2, 3]],
    ["row two, column three", [2, 3]],
    ["third column of the second row", [2, 3]],
    ["column C, row 2", [2, 3]],
    ["R2, C3", [2, 3]],
    ["(c, 2)", [2, 3]],
    ["The answer is c2 because b3 is empty.", [2, 3]],
    ["Answer: row 2 column 3. Row 1 has nothing.", [2, 3]],
    ["\u7b2c2\u884c\u7b2c3\u5217", [2, 3]],
    ["\u7b2c\u4e8c\u884c\uff0c\u7b2c\u4e09\u5217", [2, 3]],
    ["\\boxed{c2}", [2, 3]],
    ["c2 or c3", "several"],
    ["row 2", "none"],
  ]);
});

describe("points", () => {
  const openai = { family: "openai" } as const;
  const point = [[20, 40]];
  table(
    "points",
    [
      ["[[20, 40]]", point],
      ['{"points": [{"x": 20, "y": 40}]}', point],
      ['[{"point_2d": [20, 40], "label": "dog 1"}]', point],
      ['<point x="20" y="40" alt="the dog">the dog</point>', point],
      ['<points x1="20" y1="40" x2="30" y2="50">dogs</points>', [[20, 40], [30, 50]]], // biome-ignore format: one line
      ["<point>20 40</point>", point],
      ["<|box_start|>(20,40)<|box_end|>", point],
      ['["20", "40"]', point],
      ["x: 20, y: 40", point],
      ["x = 20 and y = 40", point],
      ["(20px, 40px)", point],
      ["\uff0820\uff0c40\uff09", point],
      ["(20, 40), (20, 40)", point],
      ["```json\n[[20, 40]]\n```", point],
      ["Answer: (20, 40)", point],
      ["The dog is at (20, 40).", point],
      ["none", []],
      ["There are no dogs.", []],
      ["\u6ca1\u6709", []],
      ["[]", []],
      ["(20, 400)", "none"],
      ["<loc0102><loc0256>", "none"],
    ],
    openai,
  );
  it("are location tokens where the family has them", () => {
    const family = "paligemma" as const;
    expect(read("points", "<loc0000><loc1023> dog", { family })).toEqual([[200, 0]]);
    expect(read("points", "<loc0000><loc0000> a ; <loc1023><loc1023> b", { family })).toEqual([[0, 0], [200, 100]]); // biome-ignore format: one line
    expect(read("points", "[[1, 2]]", { family })).toBe("none");
  });
});

describe("boxes", () => {
  const box = [10, 20, 30, 40];
  table(
    "box",
    [
      ["[10, 20, 30, 40]", box],
      ['{"x1": 10, "y1": 20, "x2": 30, "y2": 40}', box],
      ['{"y1": 20, "x1": 10, "y2": 40, "x2": 30}', box],
      ['{"x0": 10, "y0": 20, "x1": 30, "y1": 40}', box],
      ['{"xmin": "10", "ymin": "20", "xmax": "30", "ymax": "40"}', box],
      ['{"left": 10, "top": 20, "right": 30, "bottom": 40}', box],
      ['{"x": 10, "y": 20, "width": 20, "height": 20}', box],
      ['{"bbox_2d": [10, 20, 30, 40], "label": "dog"}', box],
      ['[{"bbox_2d": [10, 20, 30, 40]}]', box],
      ['{"bbox": ["10", "20", "30", "40"]}', box],
      ['{"box": {"x1": 10, "y1": 20, "x2": 30, "y2": 40}}', box],
      ['{"top_left": [10, 20], "bottom_right": [30, 40]}', box],
      ['{"top_left": {"x": 10, "y": 20}, "bottom_right": {"x": 30, "y": 40}}', box],
      ["```json\n[\n  10,\n  20,\n  30,\n  40\n]\n```", box],
      ["<box>(10,20),(30,40)</box>", box],
      ["<ref>dog</ref><box>[[10, 20, 30, 40]]</box>", box],
      ["<box>10 20 30 40</box>", box],
      ["<bbox>10, 20, 30, 40</bbox>", box],
      ["<|object_ref_start|>dog<|object_ref_end|><|box_start|>(10,20),(30,40)<|box_end|>", box],
      ["[[10, 20], [30, 40]]", box],
      ["x1=10, y1=20, x2=30, y2=40", box],
      ["The box is [10, 20, 30, 40].", box],
      ["Final answer: 10 20 30 40", box],
      ["\\boxed{[10, 20, 30, 40]}", box],
      ["\uff3b10\uff0c20\uff0c30\uff0c40\uff3d", box],
      ["[10px, 20px, 30px, 40px]", box],
      ["[10, 20, 30, 40]\n[10, 20, 30, 40]", box],
      ["[10, 20, 30, 40] or [0, 0, 5, 5]", "several"],
      ['[{"x1":1,"y1":2,"x2":3,"y2":4},{"x1":5,"y1":6,"x2":7,"y2":8}]', "several"],
      ["[30, 40, 10, 20]", "none"],
      ["[10, 20, 300, 40]", "none"],
      ["the left half", "none"],
    ],
    { family: "openai" },
  );
  it("are four location tokens, y first, where the family has them", () => {
    const family = "paligemma" as const;
    expect(read("box", "<loc0000><loc0000><loc1023><loc1023> the dog", { family })).toEqual([0, 0, 200, 100]);
    expect(read("box", "<loc0000><loc0000>", { family })).toBe("none");
  });
});

describe("free text", () => {
  table("text", [
    ["a small dog.", "a small dog"],
    ['{"answer": "a small dog"}', "a small dog"],
    ["<think>what?</think>\n\na small dog", "a small dog"],
    ["hmm</think>a small dog", "a small dog"],
    ["**a small dog**", "a small dog"],
    ["Answer: a small dog", "a small dog"],
    ["\\boxed{\\text{a small dog}}", "a small dog"],
  ]);

  it("is right with or without a full stop in the data", () => {
    const truth = (answer: string): Truth => ({ answer, answerType: "text", regions: [], ...size });
    const right = (said: string, answer: string) =>
      judge(
        truth(answer),
        parseAnswer(said, truth(answer), familyOf("generic").places, frameFor(familyOf("generic"), size))
          .parsed,
      ).correct;
    expect(right("A small dog.", "A small dog.")).toBe(true);
    expect(right("a small  dog", "A small dog.")).toBe(true);
    expect(right('"a small dog"', "a small dog")).toBe(true);
    expect(right("Answer: a dog", "Answer: a dog")).toBe(true);
    expect(right("a large dog", "a small dog")).toBe(false);
  });
});
