import { describe, expect, it } from "vitest";
import { openCollator, planForAll, rowMeasure } from "../../src/data/collate.ts";
import type { CollateTools } from "../../src/data/encode.ts";
import type { Example, Question } from "../../src/data/example.ts";
import type { NdArray } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import type { HostArray } from "../../src/engine/host.ts";
import type { BoxRegion } from "../../src/grounding/region.ts";
import { openChat, promptParts } from "../../src/hub/text/chat.ts";
import { openTokenizer } from "../../src/hub/text/tokenizer.ts";
import { wordTokenizer } from "../../src/hub/text/word-tokenizer.ts";
import type { Batch } from "../../src/losses/batch.ts";
import { lossesSchema } from "../../src/losses/registry.ts";
import { chosenLosses, queryPositions, totalLoss, totalNeeds } from "../../src/losses/total.ts";
import type { ImageReader } from "../../src/models/inputs/images.ts";
import { imageProcessor, processorJson } from "../../src/models/inputs/square-settings.ts";
import { llava } from "../../src/models/llava/family.ts";
import type { LlavaParams } from "../../src/models/llava/params.ts";
import { tinyLlava } from "../../src/models/llava/tiny.ts";
import type { Plan } from "../../src/vlm/plan.ts";

const tokenizer = openTokenizer(wordTokenizer(["Where is the cat dog ?", "in cell row two", "sea horse"]));
const N = 4;
const tiny = tinyLlava({
  vocabSize: tokenizer.vocabSize,
  imageTokenId: tokenizer.special.image as number,
  vision: { imageSize: 8, patchSize: 4, width: 8, layers: 1, heads: 2, mlpRatio: 2 },
  decoder: { width: 16, layers: 2, heads: 4, keyValueHeads: 2, mlpRatio: 2 },
});
const readerOf = (size: number) =>
  llava.bind(tiny).openReader({ preprocessor: processorJson(imageProcessor(size)) }, tokenizer, "tiny");
const tools: CollateTools = {
  chat: openChat(tokenizer),
  reader: readerOf(8),
  family: llava.bind(tiny),
};

const box = (...corners: [number, number, number, number]): BoxRegion => ({ kind: "box", box: corners });
const image = { width: 8, height: 8, data: Uint8Array.from({ length: 192 }, (_, i) => (i * 37) % 256) };
const cat: Question = {
  task: "t",
  question: "Where is the cat ?",
  answer: "cell two",
  regions: [box(0, 0, 4, 4)],
};
const dog: Question = { task: "t", question: "Where is the dog ?", answer: "row", regions: [] };
const horse: Question = { task: "t", question: "cat ?", answer: "sea horse", regions: [box(4, 2, 8, 6)] };

const example: Example = {
  id: "first",
  image,
  questions: [cat, dog],
  concepts: [
    { word: "cat", regions: [box(0, 0, 4, 2), box(0, 1, 4, 4)] },
    { word: "sea horse", regions: [] },
  ],
};
const second: Example = { id: "second", image, questions: [horse], concepts: [] };

const needed = planForAll(tools, [example, second]);
/** A room that is wider. */
const wider = ({ rooms: [{ room, counts }] }: Plan, by: number): Plan => ({
  rooms: [{ room: { ...room, length: room.length + by }, counts }],
});
const plan = wider(needed, 2);
const { batch, layout } = openCollator(tools, plan).collate([example, second]);
const rows = (array: HostArray, row: number) => {
  const width = array.data.length / array.shape[0];
  return [...array.data.slice(row * width, (row + 1) * width)];
};
const words = (ids: readonly number[]) => ids.map((id) => tokenizer.token(id)).join(" ");

describe("a packed row", () => {
  it("reads prefix, question, answer, question, answer, padding", () => {
    expect(words(rows(batch.inputIds, 0))).toBe(
      "<s> USER : <image> <image> <image> <image> Where is the cat ? ASSISTANT : cell two " +
        "Where is the dog ? ASSISTANT : row <pad> <pad>",
    );
    expect(layout.images[0].spans).toEqual([{ start: 3, length: N }]);
  });

  it("marks segments, and restarts positions behind the prefix for every question", () => {
    const count = (from: number, length: number) => Array.from({ length }, (_, i) => from + i);
    expect(rows(batch.segmentIds, 0)).toEqual([
      ...new Array(7).fill(0),
      ...new Array(9).fill(1),
      ...new Array(8).fill(2),
      -1,
      -1,
    ]);
    expect(rows(batch.positionIds, 0)).toEqual([...count(0, 7), ...count(7, 9), ...count(7, 8), 0, 0]);
  });

  it("asks for each answer token, and the end, at the position before it", () => {
    const at = (row: number) =>
      rows(batch.answerPositions, row).map((position) => words([rows(batch.inputIds, row)[position]]));
    expect(at(0)).toEqual([":", "cell", "two", ":", "row"]);
    expect(words(rows(batch.answerIds, 0))).toBe("cell two </s> row </s>");
    expect(rows(batch.answerMask, 0)).toEqual([1, 1, 1, 1, 1]);
    expect(rows(batch.answerQuestions, 0)).toEqual([0, 0, -1, 1, -1]);
    expect(words(rows(batch.answerIds, 1).slice(0, 3))).toBe("sea horse </s>");
    expect(rows(batch.answerMask, 1)).toEqual([1, 1, 1, 0, 0]);
    expect(rows(batch.answerQuestions, 1)).toEqual([0, 0, -1, -1, -1]);
  });

  it("finds the last token of each answer in the row", () => {
    const last = rows(batch.lastAnswerPositions, 0).map((position) => rows(batch.inputIds, 0)[position]);
    expect(words(last)).toBe("two row");
  });
});

it.each([
  ["sets answers apart", undefined],
  [
    "joins them",
    "{{ bos_token }}<image>{% for m in messages %}{% for p in m['content'] %}{{ p['text'] }}{% endfor %}{% endfor %}",
  ],
])("encodes what the chat template gives when it %s", (_, template) => {
  const chat = openChat(tokenizer, template);
  const collator = openCollator({ ...tools, chat }, planForAll({ ...tools, chat }, [example]));
  const { inputIds, segmentIds } = collator.collate([example]).batch;
  for (const [q, { question, answer }] of [cat, dog].entries()) {
    const parts = promptParts(chat, { question, answer });
    const own = rows(inputIds, 0).filter((_, s) => rows(segmentIds, 0)[s] === q + 1);
    expect(own).toEqual([...parts.question, ...parts.answer.slice(0, -1)]);
  }
});

describe("regions", () => {
  it("become target maps, none for a question without a region", () => {
    const targets = rows(batch.attentionTargets, 0);
    expect(targets.slice(0, N).reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    expect(Math.max(...targets.slice(0, N))).toBe(targets[0]);
    expect(targets.slice(N)).toEqual([0, 0, 0, 0]);
  });

  it("become coverage, of several regions together at most the whole patch", () => {
    expect(rows(batch.conceptCoverage, 0)).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
    expect(words(rows(batch.conceptIds, 0))).toBe("cat <pad> sea horse");
    expect(rows(batch.conceptTokenMask, 0)).toEqual([1, 0, 1, 1]);
    expect(rows(batch.conceptTokenMask, 1)).toEqual([0, 0, 0, 0]);
  });

  it("leave out a class token before the patches", () => {
    const reader: ImageReader = {
      preprocess(picture) {
        const seen = tools.reader.preprocess(picture);
        return { ...seen, ids: [...seen.ids, seen.ids[0]], extraTokens: 1 };
      },
      measure(size) {
        const seen = tools.reader.measure(size);
        return { ...seen, ids: [...seen.ids, seen.ids[0]], tokens: seen.tokens + 1 };
      },
    };
    const withClass = openCollator({ ...tools, reader }, planForAll({ ...tools, reader }, [example]));
    const { conceptCoverage, attentionTargets } = withClass.collate([example]).batch;
    expect(rows(conceptCoverage, 0)).toEqual([-1, 1, 0, 0, 0, -1, 0, 0, 0, 0]);
    expect(rows(attentionTargets, 0).slice(0, N + 1)).toEqual([
      0,
      ...rows(batch.attentionTargets, 0).slice(0, N),
    ]);
  });
});

describe("rooms", () => {
  it("are the smallest that fit, the sequence rounded up to a multiple of 8", () => {
    const [{ room, counts }] = needed.rooms;
    expect(room.length).toBe(24);
    expect(counts).toEqual({ questions: 2, answers: 5, concepts: 2, conceptTokens: 2 });
  });

  it("that are too small for a row give way to one of its own", () => {
    const small = openCollator(tools, planForAll(tools, [second]));
    const { batch: own } = small.collate([second, example]);
    expect(own.inputIds.shape[1]).toBeGreaterThanOrEqual(24);
    expect(rows(own.inputIds, 1).slice(0, 24)).toEqual(rows(batch.inputIds, 0).slice(0, 24));
  });

  it("of one question at a time are at most as many as the model takes", () => {
    const facts = (longestRow: number) => ({ ...tools.family.facts, longestRow });
    const of = (longestRow: number) => ({ ...tools, family: { ...tools.family, facts: facts(longestRow) } });
    const alone = { ...example, questions: [cat] };
    const { room } = rowMeasure(of(100))({ ...alone, size: image });
    const both = rowMeasure(of(room.length))({ ...example, size: image });
    expect(both.room.length, "a second question follows the picture, too").toBeGreaterThan(room.length);
    expect(() => rowMeasure(of(room.length - 1))({ ...example, size: image })).toThrow(
      new RegExp(`data: example first must be of at most ${room.length - 1} tokens, .*got "${room.length}, `),
    );
    const collator = openCollator(of(room.length - 1), plan);
    expect(() => collator.collate([second, example])).toThrow(/example first must be/);
  });

  it("of the processor must be the model's", () => {
    const other = { ...tools, reader: readerOf(12) };
    expect(() => openCollator(other, plan).collate([example])).toThrowErrorMatchingSnapshot();
    expect(() => planForAll(other, [example])).toThrowErrorMatchingSnapshot();
  });
});

it("computes for packed questions the losses that rows of one question each give", async () => {
  const config = tiny;
  const loud = { ...config, textConfig: { ...config.textConfig, initializerRange: 0.4 } };
  const params = llava.bind(loud).initParams(3);
  const chosen = chosenLosses(lossesSchema.parse({ lll: {}, klal: { query: "predicting" } }));
  const needs = totalNeeds(chosen);
  const lossOf = async (examples: readonly Example[]) => {
    const collated = openCollator(tools, plan).collate(examples);
    const program = await compile<Record<string, HostArray>>(
      ((tree: LlavaParams, arrays: Batch<NdArray>) => {
        const positions = queryPositions(arrays, needs);
        const options = { layout, taps: needs.taps, logits: false, queryPositions: positions as NdArray };
        const { taps } = llava.bind(config).forward(tree, arrays, options);
        return totalLoss(chosen, { batch: arrays, layout, taps, head: llava.bind(config).head(tree) }).parts;
      }) as never,
      [params, collated.batch],
    );
    const parts = await program.run(params, collated.batch);
    await program.dispose();
    return Object.fromEntries(Object.entries(parts).map(([name, { data }]) => [name, data[0]]));
  };
  const packed = await lossOf([example, second]);
  const alone = await lossOf([
    { ...example, questions: [cat] },
    { ...example, questions: [dog], concepts: [] },
    second,
  ]);
  for (const name of ["ntp", "lll", "klal"]) expect(alone[name]).toBeCloseTo(packed[name], 5);
});
