import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { makeData } from "../../../src/data/imagefolder/make.ts";
import { readExampleRefs } from "../../../src/data/imagefolder/read.ts";
import type { NdArray } from "../../../src/engine/array.ts";
import { compile } from "../../../src/engine/compile.ts";
import { type HostArray, int32 } from "../../../src/engine/host.ts";
import { evaluate } from "../../../src/eval/evaluate.ts";
import { attentionMaps } from "../../../src/lens/attention.ts";
import type { KnockOut } from "../../../src/lens/knock-out.ts";
import { lensMaps } from "../../../src/lens/logit-lens.ts";
import type { PromptRow } from "../../../src/models/contract/generation.ts";
import type { ModelInputs } from "../../../src/models/inputs/inputs.ts";
import { tightRoom } from "../../../src/models/inputs/padding.ts";
import { padRows } from "../../../src/models/inputs/rows.ts";
import { checkConfig } from "../../../src/train/config/config.ts";
import { openVlm, type Vlm } from "../../../src/vlm/open.ts";
import { packRows } from "../../../src/vlm/pack.ts";
import { promptFor, promptOf, promptRow } from "../../../src/vlm/prompt.ts";
import { testPicture } from "../../lens/tiny-model.ts";
import { inTemporaryFolder, lossesOf, run } from "../../train/support.ts";
import { distance } from "../fixture.ts";
import { parseHybridConfig } from "./config.ts";
import { family, type HybridParams } from "./family.ts";
import { config, configJson, type Forward, hybrid, randomParams, runForward, writeModel } from "./model.ts";
import { referenceOf } from "./reference.ts";

/** float32 against float64, as in the tests against transformers. */
const tolerance = 5e-5;

const params = randomParams();
const questions = ["what is it ?", "where is the red ball ?", "which"];
let model: Vlm;
let prompts: PromptRow[];

beforeAll(() =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, "model");
    await writeModel(path);
    model = await openVlm(path, { families: [family] });
    const image = model.reader.preprocess(testPicture(40, 30));
    prompts = questions.map((question) => promptRow(promptFor(model, image, question)));
  }),
);

/** One row as it is. */
async function alone({ ids, layout, images }: PromptRow): Promise<Forward> {
  const row = { ids, layout, images, positions: [...ids.keys()], segments: ids.map(() => 0) };
  const room = tightRoom({ layout, length: ids.length }, hybrid.pixels);
  return runForward(params, padRows(model, [row], room, { rows: 1, pad: 0 }).inputs, room.layout);
}

const rowOf = ({ data, shape }: HostArray, at: number) => {
  const size = shape[shape.length - 1];
  return (data as Float32Array).subarray(at * size, (at + 1) * size);
};

describe("a row of the hybrid, against the same decoder in plain loops", () => {
  let found: Forward;
  let wanted: ReturnType<typeof referenceOf>;

  beforeAll(async () => {
    const [, prompt] = prompts;
    found = await alone(prompt);
    const [span] = prompt.layout.images[0].spans;
    const features = Array.from({ length: span.length }, (_, n) => [...rowOf(found.taps.imageFeatures, n)]);
    wanted = referenceOf(config, hybrid.toNamed(params), { ids: prompt.ids, image: span, features });
  });

  it("has its hidden states", () => {
    expect(found.taps.hiddenStates).toHaveLength(6);
    for (const [l, { data }] of found.taps.hiddenStates.entries())
      expect(distance(data, wanted.hiddenStates[l].flat()), `layer ${l}`).toBeLessThan(tolerance);
  });

  it("has its attention in the layers that have any", () => {
    expect(model.facts).toMatchObject({
      layers: 5,
      attentionLayers: [0, 2, 4],
      attentionWindows: [4, 9, null],
      heads: 4,
    });
    expect(found.taps.attentions).toHaveLength(3);
    for (const [i, { data }] of found.taps.attentions.entries())
      expect(distance(data, wanted.attentions[i].flat(2)), `attention ${i}`).toBeLessThan(tolerance);
  });

  it("sees through windows, and a whole image", () => {
    const [near, far, whole] = wanted.attentions.map((heads) => heads[0]);
    const [{ start, length }] = prompts[1].layout.images[0].spans;
    expect(length).toBe(16);
    const last = near.length - 1;
    expect([near, far, whole].map((rows) => rows[last].filter((share) => share > 0).length)).toEqual([
      4,
      9,
      last + 1,
    ]);
    // The first token of the image sees the last, and no text before the window.
    for (const rows of [near, far, whole]) expect(rows[start][start + length - 1]).toBeGreaterThan(0);
    expect(near[start + 8][start - 1]).toBe(0);
  });

  it("has its logits", () => {
    expect(distance(found.logits.data, wanted.logits.flat())).toBeLessThan(tolerance);
  });
});

it("computes packed questions as separate rows, in a room with padding", async () => {
  const prompt = promptOf(model, testPicture(40, 30), questions[0]);
  const asked = questions.map((question) => promptFor(model, prompt.image, question).question);
  const rows = packRows(model, [{ ...prompt, questions: asked }], { answerTokens: 2, rows: 2 });
  const { logits } = await runForward(params, rows.inputs, rows.layout);
  for (const [q, question] of asked.entries()) {
    const single = await alone({ ...promptRow(prompt), ids: [...prompt.prefix, ...question] });
    const last = prompt.prefix.length + question.length - 1;
    expect(
      distance(rowOf(logits, rows.answers[0][q][0]), rowOf(single.logits, last)),
      `question ${q}`,
    ).toBeLessThan(tolerance);
  }
});

describe("generation of the hybrid", () => {
  /** After each token from the prompt's last on, the likeliest in one whole pass over prompt and answer. */
  async function likeliest(prompt: PromptRow, answer: readonly number[]): Promise<number[]> {
    const { logits } = await alone({ ...prompt, ids: [...prompt.ids, ...answer.slice(0, -1)] });
    return answer.map((_, i) => {
      const own = rowOf(logits, prompt.ids.length - 1 + i);
      return own.indexOf(own.reduce((a, b) => Math.max(a, b)));
    });
  }

  it("says with its cache what a whole pass says, prompts about one image together", async () => {
    const other = promptRow(promptOf(model, testPicture(24, 50), questions[0]));
    const all = [...prompts, other];
    const options = { maxNewTokens: 14, eosTokenIds: [], imageAttention: true };
    const generator = hybrid.createGenerator(options);
    const answers = await generator.generate(params, all);
    await generator.dispose();
    for (const [p, prompt] of all.entries())
      expect(answers[p].tokens).toEqual(await likeliest(prompt, answers[p].tokens));
    expect(new Set(answers.flatMap(({ tokens }) => tokens)).size).toBeGreaterThan(4);
    const [first] = answers[0].imageAttention;
    expect(first.map(({ shape }) => shape)).toEqual([
      [4, 16],
      [4, 16],
      [4, 16],
    ]);
  });

  it("streams the same, though the cache has to grow", async () => {
    const generator = hybrid.createGenerator({ maxNewTokens: 40, eosTokenIds: [] });
    const [{ tokens }] = await generator.generate(params, [prompts[1]]);
    const streamed: number[] = [];
    for await (const token of generator.stream(params, prompts[1], { maxNewTokens: 40 }))
      streamed.push(token);
    await generator.dispose();
    expect(streamed).toEqual(tokens);
  });
});

describe("the lens on the hybrid", () => {
  it("reads every layer, linear ones too", async () => {
    const { layers } = await lensMaps(model, testPicture(40, 30), ["cat"]);
    expect(layers).toHaveLength(6);
  });

  it("knocks attention out by the layers that have it, with its cache as in a whole pass", async () => {
    const look = (knockOut: KnockOut) =>
      attentionMaps(model, testPicture(40, 30), "what is it ?", { maxNewTokens: 6, topK: 1, knockOut });
    const struck = { patches: [3, 12], heads: [{ layer: 3, head: 2 }], layers: [5], from: "text" } as const;
    const { tokens } = await look(struck);
    for (const { id, words, layers } of tokens) {
      expect(words?.at(-1)?.[0].id).toBe(id);
      const [near, far, whole] = layers;
      expect([near.map[3], near.map[12], far.map[3]]).toEqual([0, 0, 0]);
      expect(far.headShares[1]).toBe(0);
      expect(whole.share).toBe(0);
    }
    expect(tokens.length).toBeGreaterThan(1);
    await expect(look({ layers: [2] })).rejects.toThrow("layer must be one that attends: 1, 3, 5, got 2");
  });

  it("numbers attention by the layers that have it", async () => {
    const { tokens } = await attentionMaps(model, testPicture(40, 30), "what is it ?", { maxNewTokens: 2 });
    expect(tokens[0].layers.map(({ layer }) => layer)).toEqual([1, 3, 5]);
  });
});

it("refuses to read attention where no layer has any, in one line", async () => {
  const linear = family.bind(parseHybridConfig(configJson(["linear"])));
  const tree = linear.initParams(1);
  const [{ ids, layout, images }] = prompts;
  const row = { ids, layout, images, positions: [...ids.keys()], segments: ids.map(() => 0) };
  const room = tightRoom({ layout, length: ids.length }, hybrid.pixels);
  const { inputs } = padRows(model, [row], room, { rows: 1, pad: 0 });
  const fn = (p: HybridParams, rows: ModelInputs, queryPositions: NdArray) =>
    linear.forward(p, rows, { layout: room.layout, taps: ["imageLogAttentionRows"], queryPositions });
  await expect(compile(fn, [tree, inputs, int32([1, 1], [3])])).rejects.toThrow(
    'model: attention must be in one layer at least, to be read or taught, got "none"',
  );
});

it("is saved and opened again, the same", () =>
  inTemporaryFolder(async (folder) => {
    await writeModel(join(folder, "model"));
    const loaded = await family.load(join(folder, "model"));
    expect(loaded.family.config).toEqual(config);
    expect(hybrid.toNamed(loaded.params)).toEqual(hybrid.toNamed(params));
  }));

it("learns from all three losses, by a line in the config", () =>
  inTemporaryFolder(async (folder) => {
    const data = join(folder, "data");
    const examples = { tasks: ["naming"] as const, scene: { size: 32, objects: [1, 1] as const } };
    const recipe = { count: 8, seed: 0, split: "train", sources: ["fluent-3d"], names: 4, examples };
    await makeData(recipe as Parameters<typeof makeData>[0], data);
    await writeModel(join(folder, "start"), hybrid.initParams(3));
    const trained = await run(
      checkConfig({
        model: { from: join(folder, "start"), families: [join(import.meta.dirname, "family.ts")] },
        data: { folder: data },
        losses: { ntp: {}, lll: {}, klal: {} },
        train: { steps: 12, batchSize: 4, warmupSteps: 0, learningRate: 0.003, prefetch: 0 },
      }),
      join(folder, "run"),
    );
    const { steps } = await lossesOf(join(folder, "run"));
    expect(steps[steps.length - 1].loss).toBeLessThan(steps[0].loss);
    const again = await openVlm(trained.model, { families: [family] });
    expect((await evaluate(again, (await readExampleRefs(data)).slice(0, 2))).layers).toBe(5);
  }));
