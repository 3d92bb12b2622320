import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { familyOf } from "../../src/answers/families.ts";
import { judge } from "../../src/answers/judge.ts";
import { truthOf } from "../../src/answers/kinds.ts";
import { parseAnswer } from "../../src/answers/parse.ts";
import { openEncoder } from "../../src/data/encode.ts";
import type { Question } from "../../src/data/example.ts";
import { localFamily } from "../../src/harness/providers/local.ts";
import { answerText, unknownTokens } from "../../src/vlm/answer.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { speechOf } from "../../src/vlm/speech.ts";

const folder = fileURLToPath(new URL("../fixtures/models/qwen2_5_vl/windows", import.meta.url));
const model = await openVlm(folder);
const question: Question = {
  task: "referring",
  question: "where is it ?",
  answer: "25 20 75 80",
  answerType: "box",
  regions: [{ kind: "box", box: [50, 20, 150, 80] }],
};

it("a Qwen2.5-VL says places in pixels of the picture that its own processor makes, and is read so", () => {
  expect(model.asking).toMatchObject({ name: "qwen2_5_vl", bare: false });
  for (const size of [
    { width: 200, height: 100 },
    { width: 90, height: 700 },
  ]) {
    const { processed } = model.reader.measure(size);
    const [sx, sy] = [processed.width / size.width, processed.height / size.height];
    const { answer } = speechOf(model.asking, model.reader)(question, size);
    const wanted = [50 * sx, 20 * sy, 150 * sx, 80 * sy].map((n) => Math.min(Math.round(n), processed.width));
    if (size.width === 200) expect(answer).toBe(`[${wanted.join(", ")}]`);
    const family = localFamily(model);
    const truth = truthOf(question, size);
    const frame = { original: size, processed: family.processedSize?.(size) ?? size };
    expect(frame.processed).toEqual(processed);
    if (size.width === 200)
      expect(judge(truth, parseAnswer(answer, truth, family.places, frame).parsed).correct).toBe(true);
  }
});

it("a model is trained on what it is asked and read by", () => {
  const bare = { ...model, asking: { ...model.asking, bare: true } };
  const size = { width: 200, height: 100 };
  const encoded = openEncoder(bare).question(question, size);
  const { answer } = speechOf(bare.asking, model.reader)(question, size);
  expect(answerText(model, encoded.answer)).toBe(answer);
  const small = openEncoder({ ...model, asking: familyOf("fovea") }).question(question, size);
  expect(answerText(model, small.answer)).toBe("25 20 75 80");
});

it("ids without a token are nothing, and counted", () => {
  const { vocabSize } = model.chat.tokenizer;
  const ids = model.chat.tokenizer.encode("yes");
  expect(answerText(model, [...ids, vocabSize + 5, vocabSize + 6])).toBe(answerText(model, ids));
  expect(unknownTokens(model, [...ids, vocabSize + 5, vocabSize + 6])).toBe(2);
});
