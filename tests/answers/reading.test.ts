import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FamilyName, familyNames, familyOf, frameFor } from "../../src/answers/families.ts";
import type { Asked } from "../../src/answers/kinds.ts";
import { parseAnswer } from "../../src/answers/parse.ts";
import type { AnswerType } from "../../src/data/example.ts";
import { boxText } from "../../src/grounding/text.ts";

const size = { width: 200, height: 100 };

function read(
  answerType: AnswerType,
  text: string,
  more: { choices?: readonly string[]; family?: FamilyName } = {},
) {
  const { choices, family = "generic" } = more;
  const asked: Asked = { answerType, ...size, ...(choices && { choices }) };
  return parseAnswer(text, asked, familyOf(family).places, frameFor(familyOf(family), size));
}

/** The value that was read, or what the problem starts with. */
function short(answerType: AnswerType, text: string, more: Parameters<typeof read>[2] = {}): unknown {
  const result = read(answerType, text, more);
  if (result.parsed === null) return `! ${result.problem}`;
  const { parsed } = result;
  if ("value" in parsed) return parsed.value;
  if (parsed.type === "cell") return [parsed.row, parsed.column];
  return parsed.type === "points" ? parsed.points : parsed.box;
}

const letters = ["A", "B", "C", "D", "I"];

describe("labels of a list", () => {
  const answers: readonly (readonly [text: string, value: string | RegExp])[] = [
    ["C", "C"],
    ["c", "C"],
    [" C. ", "C"],
    ["(C)", "C"],
    ["**C**", "C"],
    ["{C}", "C"],
    ["End C", "C"],
    ["The label is C.", "C"],
    ["Line 3 reaches end C.", "C"],
    ["Line 3 ends at **C**.", "C"],
    ["The answer is C", "C"],
    ["Answer: C", "C"],
    ["**Final answer:** C", "C"],
    ["**Answer: C**", "C"],
    ["\\boxed{C}", "C"],
    ["Starting at 3, the line passes A and B, then bends down.\n\nAnswer: C", "C"],
    ["I follow line 3. It crosses the line to A, then the line to B.\nIt reaches C.", "C"],
    ["<think>Maybe A? No, B.</think>C", "C"],
    ["```\nC\n```", "C"],
    ["A line from 3 leads to the end C", "C"],
    ["I think it is D.", "D"],
    ["A", "A"],
    ["I", "I"],
    ["It ends at A, crossing two others.", "A"],
    ["C\n\nThe line from 3 crosses the lines to A and B first.", "C"],
    ["First I see A and B.\n\nC\n\nI am sure that it is neither A nor B.", "C"],
    ["A\nB", /more than one/],
    ["A or B", /more than one/],
    ["Answer: A or B", /more than one/],
    ["It ends at A or B.", /more than one/],
    ["Either B or C.", /more than one/],
    ["not B but C", /more than one/],
    ["E", /no choice/],
    ["I cannot tell.", /no choice/],
    ["", /empty/],
    ["CD", /no choice/],
    ["<think>it must be B</think>", /empty/],
  ];
  it.each(answers)("%j is %s", (text, value) => {
    const got = short("label", text, { choices: letters });
    if (value instanceof RegExp) expect(got).toMatch(value);
    else expect(got).toBe(value);
  });

  it("reads digits, words and shapes", () => {
    const digits = { choices: ["1", "2", "3", "10"] };
    expect(short("label", "10", digits)).toBe("10");
    expect(short("label", "It leads to end 2.", digits)).toBe("2");
    expect(short("label", "1.5", digits)).toMatch(/no choice/);
    expect(short("label", "2 3", digits)).toMatch(/more than one/);
    const shapes = { choices: ["star", "circle", "red circle"] };
    expect(short("label", "The Red Circle.", shapes)).toBe("red circle");
    expect(short("label", "It reaches the star", shapes)).toBe("star");
    expect(short("label", "starfish", shapes)).toMatch(/no choice/);
  });

  it("keeps case where only case tells two choices apart", () => {
    const both = { choices: ["a", "A", "b"] };
    expect(short("label", "A", both)).toBe("A");
    expect(short("label", "a", both)).toBe("a");
    expect(short("label", "B", both)).toBe("b");
  });
});

describe("a label without a list", () => {
  it.each([
    ["o", "o"],
    ["The circled letter is **o**.", "o"],
    ["The circled letter is 'o'", "o"],
    ["The letter is o.", "o"],
    ["{o}", "o"],
    ["Answer: o", "o"],
    ["The letter o is circled in red.", "o"],
    ["The letter that is circled is o, the third one.", "o"],
    ["The letter 'a' is circled.", "a"],
  ])("%j is %s", (text, value) => expect(short("label", text)).toBe(value));

  it.each([
    "The letter is o or p.",
    "I do not see any",
    "What is circled is a vowel.",
    "It is circled in red.",
    "",
  ])("%j is none", (text) => expect(read("label", text).parsed).toBeNull());
});

describe("numbers", () => {
  it.each([
    ["3", 3],
    ["3.", 3],
    ["**3**", 3],
    ["{3}", 3],
    ["three", 3],
    ["3\n\nThe 2 lines cross at (1, 2), then at (5, 6) and (7, 7).", 3],
    ["Three (3)", 3],
    ["There are 3 crossings.", 3],
    ["The two lines meet.\n\nAnswer: 1", 1],
    ["zero", 0],
    ["None", 0],
    ["There are no crossings.", 0],
    ["twenty-one", 21],
    ["1,024", 1024],
    ["2 + 1 = 3", 3],
    ["The lines cross twice.", 2],
    ["3.0", 3],
    ["-2", -2],
    ["The answer is: 12", 12],
  ])("%j is %d", (text, value) => expect(short("number", text)).toBe(value));

  it.each([
    ["3 or 4", /more than one/],
    ["3-4", /more than one/],
    ["2 lines cross 3 times", /more than one/],
    ["3.5", /not a whole number/],
    ["a few", /no number/],
    ["x3", /no number/],
    ["Answer: two or three", /more than one/],
  ])("%j is none", (text, problem) => expect(short("number", text)).toMatch(problem));
});

describe("yes and no", () => {
  it.each([
    ["yes", "yes"],
    ["No.", "no"],
    ["Yes, there is a dog.", "yes"],
    ["No, there is no dog.", "no"],
    ["**Yes**", "yes"],
    ["The circles do not touch.\nAnswer: no", "no"],
    ["The answer is yes.", "yes"],
    ["There is a dog in the picture.", "yes"],
    ["There is no dog in the picture.", "no"],
    ["There isn't a dog.", "no"],
    ["No dog can be seen.", "no"],
  ])("%j is %s", (text, value) => expect(short("yes-no", text)).toBe(value));

  it.each(["Yes and no.", "yes/no", "yes\nor\nno", "Maybe.", "It is hard to say."])("%j is none", (text) =>
    expect(read("yes-no", text).parsed).toBeNull(),
  );
});

describe("cells", () => {
  it.each([
    ["row 2 column 3", [2, 3]],
    ["Row 2, Column 3.", [2, 3]],
    ["column 3, row 2", [2, 3]],
    ["The mark is in row 2 and column 3.", [2, 3]],
    ["**Row:** 2, **Column:** 3", [2, 3]],
    ["row two, column three", [2, 3]],
    ["the second row, third column", [2, 3]],
    ["2nd row and 3rd column", [2, 3]],
    ["R2C3", [2, 3]],
    ["Row 2, column 3\n\nThe mark is left of column 4 and above row 3.", [2, 3]],
    ["(2, 3)", [2, 3]],
    ["2, 3", [2, 3]],
    ["c2", [2, 3]],
    ["C2", [2, 3]],
    ["The cat is in cell c2.", [2, 3]],
    ["Answer: row 2 column 3", [2, 3]],
  ])("%j is row and column %j", (text, value) => expect(short("cell", text)).toEqual(value));

  it.each([
    "row 2 column 3 or row 3 column 2",
    "row 2",
    "b2 or b3",
    "the last row, third column",
    "row 0 column 1",
    "somewhere",
  ])("%j is none", (text) => expect(read("cell", text).parsed).toBeNull());
});

describe("points", () => {
  it("are read in the family's convention and given in pixels", () => {
    expect(short("points", "(0.5, 0.25)")).toEqual([[100, 25]]);
    expect(short("points", "34 71, 10 8", { family: "fovea" })).toEqual([
      [69, 71.5],
      [21, 8.5],
    ]);
    expect(short("points", "[250, 500]", { family: "google" })).toEqual([[100, 25]]);
    expect(short("points", '[{"point": [250, 500], "label": "dog 1"}]', { family: "google" })).toEqual([
      [100, 25],
    ]);
    expect(short("points", '{"point_2d": [500, 250]}', { family: "qwen3_vl" })).toEqual([[100, 25]]);
    expect(short("points", "Point: (100, 25) and (20, 30)", { family: "openai" })).toEqual([
      [100, 25],
      [20, 30],
    ]);
    expect(
      short("points", '<points x1="50" y1="25" x2="10" y2="20">dogs</points>', { family: "fovea" }),
    ).toEqual([
      [101, 25.5],
      [21, 20.5],
    ]);
    expect(short("points", '[{"y": 0.25, "x": 0.5}]')).toEqual([[100, 25]]);
    expect(short("points", '[{"y": 250, "x": 500}]', { family: "google" })).toEqual([[100, 25]]);
    expect(short("points", "There are none.")).toEqual([]);
  });

  it("are none when they lie outside of the declared range, are not pairs or are missing", () => {
    expect(short("points", "(34, 71)")).toBe("! 34, 71 lies outside of 0 to 1");
    expect(short("points", "(150, 120)", { family: "openai" })).toBe(
      "! 150, 120 lies outside of 0 to 200 across and 0 to 100 down",
    );
    expect(short("points", "34 71 10", { family: "fovea" })).toBe("! no points found");
    expect(short("points", "The dog is on the left.")).toBe("! no points found");
  });
});

describe("boxes", () => {
  it("are read in the family's convention and given in pixels", () => {
    expect(short("box", "[0.1, 0.2, 0.5, 0.9]")).toEqual([20, 20, 100, 90]);
    expect(short("box", "[200, 100, 900, 500]", { family: "google" })).toEqual([20, 20, 100, 90]);
    expect(short("box", '{"box_2d": [200, 100, 900, 500], "label": "2 dogs"}', { family: "google" })).toEqual(
      [20, 20, 100, 90],
    );
    expect(short("box", "<|box_start|>(100,200),(500,900)<|box_end|>", { family: "qwen3_vl" })).toEqual([
      20, 20, 100, 90,
    ]);
    expect(short("box", "10 20 49 89", { family: "fovea" })).toEqual([21, 20.5, 99, 89.5]);
    expect(short("box", "Answer: [20, 20, 100, 90]", { family: "openai" })).toEqual([20, 20, 100, 90]);
    expect(
      short("box", '{"x_min": 20, "y_min": 20, "x_max": 100, "y_max": 90}', { family: "openai" }),
    ).toEqual([20, 20, 100, 90]);
    expect(
      short("box", '{"ymin": 200, "xmin": 100, "ymax": 900, "xmax": 500}', { family: "google" }),
    ).toEqual([20, 20, 100, 90]);
    // The picture of 200 x 100 is seen at 196 x 112.
    expect(short("box", "[98, 56, 196, 112]", { family: "qwen2_5_vl" })).toEqual([100, 50, 200, 100]);
  });

  it("are none when there are two, when the corners are swapped, or outside of the range", () => {
    expect(short("box", "[0.1, 0.2, 0.5, 0.9] or [0, 0, 0.5, 0.5]")).toMatch(/^! more than one box/);
    expect(short("box", "[0.5, 0.2, 0.1, 0.9]")).toMatch(/not a top left/);
    expect(short("box", "[20, 20, 100, 90]")).toMatch(/outside of 0 to 1/);
    expect(short("box", "[20, 20, 100]", { family: "openai" })).toBe("! no box found");
  });
});

describe("free text", () => {
  it("is the marked answer or the last line", () => {
    expect(short("text", "a small dog.")).toBe("a small dog");
    expect(short("text", "Let me look.\nAnswer: a small dog")).toBe("a small dog");
  });
});

describe("properties", () => {
  const wrapped = (answer: string) =>
    fc.constantFrom(
      answer,
      `${answer}.`,
      `**${answer}**`,
      `Answer: ${answer}`,
      `The answer is ${answer}.`,
      `Let me see.\n\nFinal answer: ${answer}`,
      `\`${answer}\``,
      `\\boxed{${answer}}`,
    );
  const choicesOf = fc.uniqueArray(fc.constantFrom(..."ABCDEFGHJKLMNOPQRSTUVWXYZ"), {
    minLength: 2,
    maxLength: 10,
  });

  it("any choice in any wrapping is read as itself", () => {
    fc.assert(
      fc.property(
        choicesOf.chain((choices) =>
          fc
            .constantFrom(...choices)
            .chain((choice) => fc.tuple(fc.constant(choices), fc.constant(choice), wrapped(choice))),
        ),
        ([choices, choice, text]) => {
          expect(short("label", text, { choices })).toBe(choice);
        },
      ),
    );
  });

  it("treats all labels alike: another name for a label is another name in what is read", () => {
    const sets = [
      ["A", "B", "C"],
      ["a", "b", "c"],
      ["I", "J", "K"],
      ["I", "II", "III"],
      ["a", "an", "the"],
      ["no", "yes", "it"],
      ["no", "not", "nothing"],
      ["1", "2", "10"],
      ["c", "ca", "cat"],
      ["cat", "cat flap", "flap"],
      ["C", "C++", "C#"],
      ["+", "%", "^"],
      ["a.b", "a+b", "(a)"],
      ["x^2", "x", "$5"],
      ["top-left", "top", "left"],
      ["is", "line", "end"],
      ["option", "label", "so"],
      ["\u7532", "\u4e59", "\u4e19"],
      ["\u00e9t\u00e9", "\u00fcber", "\u0434\u0430"],
      ["<b>", "[c]", "{d}"],
      ["A.", "B.", "C."],
      ["toString", "constructor", "__proto__"],
    ];
    // What is read with the labels $0, $1 and $2; null: no answer.
    const forms: readonly (readonly [text: string, read: number | null])[] = [
      ["$0", 0],
      [" $0 ", 0],
      ["**$0**", 0],
      ["'$0'", 0],
      ["Answer: $0", 0],
      ["The answer is $0", 0],
      ["Final answer: **$0**", 0],
      ["The answer is $0 because option $1 is crossed.", 0],
      ["The answer is $0, since $1 and $2 are crossed.", 0],
      ["Answer: $0\n$1 is too short.", 0],
      ["\\boxed{$0}", 0],
      ["<think>$1 or $2</think>$0", 0],
      ["$1 or $2, hmm.</think>\n$0", 0],
      ["It reaches $0, crossing two others.", 0],
      ["The line goes down.\nIt reaches end $0", 0],
      ["```\n$0\n```", 0],
      ['{"answer": "$0"}', 0],
      ["$0 or $1", null],
      ["Answer: $0 or $1", null],
      ["The answer is $0 or $1.", null],
      ["It reaches $0 or $1.", null],
      ["$0/$1", null],
      ["$0\n$1", null],
      ["?!", null],
    ];
    const wrong: string[] = [];
    for (const set of sets)
      for (const [text, read] of forms) {
        for (const turn of [0, 1, 2]) {
          const names = [0, 1, 2].map((i) => set[(i + turn) % 3]);
          const said = text.replaceAll(/\$(\d)/g, (_, i) => names[Number(i)]);
          const got = short("label", said, { choices: set });
          const right = read === null ? `${got}`.startsWith("!") : got === names[read];
          if (!right) wrong.push(`${said} of ${set} is ${got}`);
        }
      }
    expect(wrong).toEqual([]);
  });

  it("any labels whatever are read where they stand alone, or are marked as the answer", () => {
    const label = fc
      .string({ minLength: 1, maxLength: 6 })
      .filter((text) => /^[^\s"'`*_<>{}\\:=]+$/.test(text));
    const labels = fc.uniqueArray(label, {
      minLength: 2,
      maxLength: 5,
      selector: (text) => text.toLowerCase(),
    });
    fc.assert(
      fc.property(labels, fc.nat(), fc.constantFrom("$", "**$**", '"$"'), (choices, n, form) => {
        const choice = choices[n % choices.length];
        const bare = (text: string) => text.replaceAll(/[^\p{L}\p{N}]/gu, "").toLowerCase();
        fc.pre(bare(choice) !== "" && new Set(choices.map(bare)).size === choices.length);
        fc.pre(!choices.map(bare).includes("") && choice.normalize("NFKC") === choice);
        expect(
          short(
            "label",
            form.replace("$", () => choice),
            { choices },
          ),
        ).toBe(choice);
      }),
    );
  });

  it("two different choices joined by or are never an answer", () => {
    fc.assert(
      fc.property(
        choicesOf,
        fc.constantFrom("{} or {}", "It reaches {} or {}.", "Answer: {}/{}", "{}, {}"),
        (choices, form) => {
          const text = form.replace("{}", choices[0]).replace("{}", choices[1]);
          expect(read("label", text, { choices }).parsed).toBeNull();
        },
      ),
    );
  });

  it("any whole number in any wrapping is read as itself", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 99999 }).chain((n) => fc.tuple(fc.constant(n), wrapped(String(n)))),
        ([n, text]) => {
          expect(short("number", text)).toBe(n);
        },
      ),
    );
  });

  it("any cell in any form is read as itself", () => {
    const cell = fc.record({ row: fc.integer({ min: 1, max: 26 }), column: fc.integer({ min: 1, max: 26 }) });
    fc.assert(
      fc.property(cell, fc.integer({ min: 0, max: 4 }), ({ row, column }, form) => {
        const forms = [
          `row ${row} column ${column}`,
          `Column ${column}, row ${row}.`,
          `(${row}, ${column})`,
          `R${row}C${column}`,
          `${String.fromCharCode(96 + column)}${row}`,
        ];
        expect(short("cell", forms[form])).toEqual([row, column]);
      }),
    );
  });

  it("a box written in any family's convention comes back within its rounding", () => {
    const corner = fc.tuple(
      fc.double({ min: 0, max: 0.4, noNaN: true }),
      fc.double({ min: 0.6, max: 0.99, noNaN: true }),
    );
    fc.assert(
      fc.property(corner, corner, fc.constantFrom(...familyNames), ([x0, x1], [y0, y1], name) => {
        const truth = [x0 * 200, y0 * 100, x1 * 200, y1 * 100] as const;
        const written = boxText(truth, familyOf(name).places, frameFor(familyOf(name), size));
        const got = short("box", written, { family: name }) as number[];
        for (const [i, value] of got.entries()) expect(Math.abs(value - truth[i])).toBeLessThan(1.1);
      }),
    );
  });

  it("no text whatever makes it throw, and a problem always has words", () => {
    const types: AnswerType[] = ["text", "label", "number", "yes-no", "cell", "points", "box"];
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'0123456789,.()[]{}-= \nabcorwlum:"') }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...types), texts, (type, text) => {
        const result = read(type, text, { choices: ["A", "B"] });
        if (result.parsed === null) expect(result.problem).not.toBe("");
      }),
    );
  });

  it("long answers are read too", () => {
    const long = `${"The line goes 3, 4 then (1, 2) and row 5 yes or no ".repeat(2000)}\nAnswer: B`;
    for (const type of ["label", "number", "yes-no", "cell", "points", "box", "text"] as const)
      read(type, long, { choices: letters });
    for (const text of ["1 ".repeat(20000), "[".repeat(20000), "1,".repeat(20000), " ".repeat(50000)])
      for (const type of ["number", "cell", "points", "box", "label"] as const) read(type, text);
    expect(short("label", long, { choices: letters })).toBe("B");
  });
});
