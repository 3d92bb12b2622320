import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Concept, Question } from "../../src/data/example.ts";
import { readHeldOut } from "../../src/data/held-out.ts";
import type { Region } from "../../src/grounding/region.ts";
import { klAttention } from "../../src/losses/kl-attention.ts";
import { logitLens } from "../../src/losses/logit-lens.ts";
import { nextToken } from "../../src/losses/next-token.ts";
import { weigh } from "../../src/losses/total.ts";
import { checkLearnable } from "../../src/train/batches/data-checks.ts";
import { describeUnknown, unknownInData } from "../../src/train/batches/unknown-words.ts";
import { checkConfig } from "../../src/train/config/config.ts";
import { silentView } from "../../src/train/run/progress.ts";
import type { RunSummary } from "../../src/train/run/summary.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { inTemporaryFolder, run, tinyConfig } from "./support.ts";

const fixture = (name: string) => new URL(`../fixtures/models/${name}/`, import.meta.url).pathname;
const box: Region = { kind: "box", box: [1, 1, 3, 3] };
const asked = (regions: readonly Region[] = []): Question => ({
  task: "open",
  question: "what is it ?",
  answer: "cat",
  regions,
});
const concept: Concept = { word: "cat", regions: [box] };

/** A folder's examples, never loaded. */
function dataOf(rows: readonly { questions?: readonly Question[]; concepts?: readonly Concept[] }[]) {
  const training = rows.map(({ questions = [], concepts = [] }, i) => ({
    id: `${i}`,
    picture: `${i}`,
    questions,
    concepts,
    size: () => Promise.reject(new Error("a picture was looked at")),
    load: () => Promise.reject(new Error("a picture was read")),
  }));
  return { name: "my-data", training };
}

const all = [weigh(nextToken, 1, {}), weigh(logitLens, 1, {}), weigh(klAttention, 1, {})].map(
  ({ name, needs: { learnsFrom } }) => ({ name, learnsFrom }),
);

describe("checkLearnable", () => {
  it("is content with something for every loss", () => {
    expect(checkLearnable(dataOf([{ questions: [asked([box])], concepts: [concept] }]), all)).toEqual([]);
  });

  it("counts what losses leave out", () => {
    const rows = [
      { questions: [asked([box]), asked()], concepts: [concept] },
      { questions: [asked()] },
      { concepts: [concept] },
    ];
    expect(checkLearnable(dataOf(rows), all)).toEqual([
      "1 of 3 rows have no question with an answer and are left out of ntp",
      "1 of 3 rows have no concept and are left out of lll",
      "2 of 3 questions have no region and are left out of klal",
    ]);
  });

  it.each([
    ["nothing at all", [{}, {}], all],
    ["no concept and no region", [{ questions: [asked()] }], all],
    ["no question", [{ concepts: [concept] }], all.slice(0, 2)],
    ["no region where attention alone is trained", [{ questions: [asked()] }], all.slice(2)],
  ])("refuses %s", (_, rows, losses) => {
    expect(() => checkLearnable(dataOf(rows), losses)).toThrowErrorMatchingSnapshot();
  });

  it("takes questions without regions where the attention loss finds its own evidence", () => {
    const { name, needs } = weigh(klAttention, 1, { target: "learnt" });
    const learning = [{ name, learnsFrom: needs.learnsFrom }];
    expect(checkLearnable(dataOf([{ questions: [asked()] }]), learning)).toEqual([]);
    expect(() => checkLearnable(dataOf([{ concepts: [concept] }]), learning)).toThrow(
      "no question with an answer",
    );
  });

  it("leaves losses alone that do not say what they learn from", () => {
    const custom = { name: "own", learnsFrom: undefined };
    expect(checkLearnable(dataOf([{}]), [custom])).toEqual([]);
  });
});

describe("unknown words", () => {
  const rows = [
    { questions: [{ ...asked(), question: "what is zyzzyva ?", answer: "a quux." }], concepts: [concept] },
    { questions: [{ ...asked(), question: "zyzzyva , zyzzyva ?" }] },
  ];

  it("are counted by kind of text and named, the most frequent first", async () => {
    const { chat } = await openVlm(fixture("llava/clip-mistral"));
    const found = unknownInData(dataOf(rows).training, chat);
    expect(found.questions.words).toContain("zyzzyva");
    expect(found.questions.count).toBeGreaterThanOrEqual(3);
    expect(found.answers.words).toContain("quux");
    expect(describeUnknown(found).join("\n")).toMatch(
      /words in questions are unknown to the tokenizer.*zyzzyva/,
    );
  });

  it("are none where the tokenizer can spell every text", () => {
    const known = { tokenizer: { special: {}, encode: () => [1] } } as never;
    expect(describeUnknown(unknownInData(dataOf(rows).training, known))).toEqual([]);
  });
});

async function writeData(folder: string, rows: readonly object[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const lines = rows.map((row, i) => JSON.stringify({ file_name: `${i}.png`, ...row }));
  await writeFile(join(folder, "metadata.jsonl"), `${lines.join("\n")}\n`);
  const background = { r: 90, g: 10, b: 10 };
  for (const i of rows.keys())
    await sharp({ create: { width: 32, height: 32, channels: 3, background } }).toFile(
      join(folder, `${i}.png`),
    );
}

describe("a run on a folder", () => {
  it("refuses one with captions alone before anything is written", () =>
    inTemporaryFolder(async (folder) => {
      const data = join(folder, "data");
      await writeData(data, [{ text: "a cat" }, { text: "a dog" }]);
      const config = tinyConfig({ data: { folder: data } });
      await expect(run(config, join(folder, "run"))).rejects.toThrow(
        /^train: nothing to train on in .*no question/,
      );
    }));

  it("says what it trains, holds out whole pictures and notes them where an evaluation finds them", () =>
    inTemporaryFolder(async (folder) => {
      const data = join(folder, "data");
      const row = { questions: [{ ...asked([box]), answer: "quux" }, asked([box])], concepts: [concept] };
      await writeData(data, Array(20).fill(row));
      const summaries: RunSummary[] = [];
      const config = checkConfig({
        model: { from: fixture("llava/clip-mistral") },
        data: { folder: data },
        losses: { ntp: {}, lll: {}, klal: {} },
        lora: { rank: 2 },
        train: { steps: 2, batchSize: 2, accumulate: 3, warmupSteps: 0, prefetch: 0 },
      });
      const out = join(folder, "run");
      const result = await run(config, out, {
        view: { ...silentView, start: (summary) => summaries.push(summary) },
      });
      expect(summaries).toEqual([result.summary]);
      expect(result.summary).toMatchObject({
        data: { pictures: 16, questions: 32, heldOut: 4 },
        effectiveBatch: 6,
        steps: 2,
      });
      const { parameters, trainable, tokensPerPicture } = result.summary;
      expect(trainable).toBeGreaterThan(0);
      expect(parameters).toBeGreaterThan(trainable);
      expect(tokensPerPicture.smallest).toBe(tokensPerPicture.largest);
      expect(result.summary.notes.join()).toContain("words in answers are unknown to the tokenizer");
      expect(result.estimatedSeconds).toBeGreaterThan(0);
      for (const place of [out, result.model])
        expect((await readHeldOut(place))?.heldOut.length, place).toBe(4);
      expect(await readFile(join(out, "held-out.json"), "utf8")).not.toContain(folder);
    }));
});
