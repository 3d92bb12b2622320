import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Example } from "../../src/data/example.ts";
import type { ExampleInput } from "../../src/data/example-input.ts";
import { makeData } from "../../src/data/imagefolder/make.ts";
import { readExampleRefs } from "../../src/data/imagefolder/read.ts";
import { np } from "../../src/engine/array.ts";
import { openSafetensors } from "../../src/hub/weights/safetensors.ts";
import { conceptMap } from "../../src/lens/token-map.ts";
import { klAttention } from "../../src/losses/kl-attention.ts";
import { lastLayer } from "../../src/losses/layers.ts";
import { logitLens } from "../../src/losses/logit-lens.ts";
import { defineLoss } from "../../src/losses/loss.ts";
import { nextToken } from "../../src/losses/next-token.ts";
import { weigh } from "../../src/losses/total.ts";
import { checkConfig } from "../../src/train/config/config.ts";
import type { TrainerOptions } from "../../src/train/trainer/options.ts";
import { openTrainer } from "../../src/train/trainer/trainer.ts";
import { ask } from "../../src/vlm/ask.ts";
import { openVlm, type Vlm } from "../../src/vlm/open.ts";
import { lossesOf, run, tinyConfig, tinyRaw } from "./support.ts";

let folder: string;
let set: string;
let base: string;
let model: Vlm;
let examples: Example[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-trainer-"));
  set = join(folder, "set");
  const scenes = {
    scene: { size: 32, objects: [1, 2] },
    tasks: ["presence"],
    questionsPerImage: 2,
  } as const;
  await makeData(
    { count: 4, seed: 0, split: "train", sources: ["fluent-3d"], names: 4, examples: scenes as never },
    set,
  );
  base = (await run(tinyConfig({ train: { steps: 1 } }), join(folder, "base"))).model;
  model = await openVlm(base);
  examples = await Promise.all((await readExampleRefs(set)).map((ref) => ref.load()));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const losses = [nextToken, logitLens, klAttention];
const open = (options: Partial<TrainerOptions> = {}) =>
  openTrainer({ model, losses, learningRate: 1e-2, machine: { threads: 1 }, ...options });

async function weightsOf(path: string): Promise<[string, number[]][]> {
  const file = await openSafetensors(join(path, "model.safetensors"));
  const read = [...file.tensors.keys()].sort().map(async (name): Promise<[string, number[]]> => {
    return [name, [...(await file.read(name)).data]];
  });
  return Promise.all(read);
}

const close = (a: number, b: number) => Math.abs(a - b) <= 1e-4 * Math.max(1, Math.abs(b));

describe("a trainer", () => {
  it("makes the steps of a run on the same batches, and saves the model that the run leaves", async () => {
    const config = checkConfig({
      ...tinyRaw,
      model: { from: base },
      data: { folder: set, evalFolder: set },
      train: {
        ...tinyRaw.train,
        steps: 3,
        batchSize: 4,
        learningRate: 1e-2,
        epsilon: 1e-3,
        warmupSteps: 0,
        finalShare: 1,
        evalEvery: 0,
      },
    });
    const { model: left } = await run(config, join(folder, "run"));
    // With a large epsilon AdamW does not enlarge what rounding leaves of a sum in another order.
    const trainer = await open({ epsilon: 1e-3 });
    const reports = [];
    for (let step = 0; step < 3; step++) reports.push(await trainer.step(examples));
    const { steps } = await lossesOf(join(folder, "run"));
    for (const [i, { loss, gradientNorm, parts, step }] of reports.entries()) {
      expect(step).toBe(steps[i].step);
      expect(close(loss, steps[i].loss)).toBe(true);
      expect(close(gradientNorm, steps[i].gradientNorm)).toBe(true);
      expect(Object.keys(parts)).toEqual(Object.keys(steps[i].parts));
    }
    const saved = join(folder, "saved");
    await trainer.save(saved);
    const inMemory = await trainer.files();
    await trainer.close();
    expect(Object.keys(inMemory).sort()).toEqual((await readdir(saved)).sort());
    for (const [name, bytes] of Object.entries(inMemory))
      expect(Buffer.from(bytes).equals(await readFile(join(saved, name)))).toBe(true);
    const ofRun = new Map(await weightsOf(left));
    for (const [name, values] of await weightsOf(saved))
      expect(values.every((value, i) => Math.abs(value - (ofRun.get(name) as number[])[i]) < 1e-3)).toBe(
        true,
      );
    const notOfRuns = ["README.md", "training.yaml", "held-out.json"];
    const names = (await readdir(left)).filter((name) => !notOfRuns.includes(name));
    expect((await readdir(saved)).sort()).toEqual(names.sort());
  });

  it.each(["fast", "float16"] as const)(
    "supervises attention, with a gate, until the answers are right (%s)",
    async (precision) => {
      const gated = weigh(klAttention, 1, { query: "predicting", gate: "wrong" });
      const trainer = await open({ losses: [nextToken, gated], machine: { threads: 1, precision } });
      const plain = await open({ losses: [nextToken, weigh(klAttention, 1, { query: "predicting" })] });
      const first = (await trainer.step(examples)).parts;
      const all = (await plain.evaluate(examples)).parts.klal;
      expect(first["klal.supervised"]).toBeGreaterThan(0);
      expect(first.klal).toBeGreaterThan(0);
      expect(first.klal).toBeLessThanOrEqual(all * 1.01);
      let { parts } = await trainer.step(examples);
      for (let i = 0; i < 150 && parts["klal.supervised"] > 0; i++)
        parts = (await trainer.step(examples)).parts;
      expect(parts["klal.supervised"]).toBe(0);
      expect(parts.klal).toBe(0);
      expect(parts.ntp).toBeGreaterThan(0);
      await Promise.all([trainer.close(), plain.close()]);
    },
  );

  it("learns an answer from arrays, gives the model so far, and one that is opened again says the same", async () => {
    const [{ image }] = examples;
    const [{ question, answer }] = examples[0].questions;
    const wrong = answer === "yes" ? "no" : "yes";
    const given: ExampleInput[] = [{ image, questions: [{ question, answer: wrong }] }];
    const trainer = await open({ losses: [nextToken] });
    const before = await trainer.evaluate(given);
    for (let step = 0; step < 12; step++) await trainer.step(given);
    const after = await trainer.evaluate(given);
    expect(after.loss).toBeLessThan(before.loss / 4);
    const trained = await trainer.model();
    expect((await ask(trained, image, question)).text).toBe(wrong);
    const saved = join(folder, "learnt");
    await trainer.save(saved);
    expect(await ask(await openVlm(saved), image, question)).toEqual(await ask(trained, image, question));
    const again = await openTrainer({ model: trained, learningRate: 1e-3, machine: { threads: 1 } });
    expect(close((await again.step(given)).loss, after.loss)).toBe(true);
    await again.close();
    await trainer.close();
  });

  it("trains adapters: their folder, opened with its base, is the model so far, and the base stays", async () => {
    const given = examples.map(({ image, questions }) => ({ image, questions }));
    const trainer = await open({ lora: { rank: 2, dropout: 0.1 }, learningRate: 0.05, losses: [nextToken] });
    const before = await trainer.evaluate(given);
    for (let step = 0; step < 8; step++) await trainer.step(given);
    const after = await trainer.evaluate(given);
    expect(after.loss).toBeLessThan(before.loss);
    const saved = join(folder, "adapter");
    await trainer.save(saved);
    expect((await readdir(saved)).sort()).toEqual([
      "adapter_config.json",
      "adapter_model.safetensors",
      "fovea.json",
    ]);
    const [{ image, concepts }] = examples;
    const mapOf = async (one: Vlm) =>
      (await conceptMap(one, image, concepts[0].word, { space: "logit" })).values;
    const own = await mapOf(await trainer.model());
    const ofFolder = await mapOf(await openVlm(saved));
    expect(own.every((value, n) => close(value, ofFolder[n]))).toBe(true);
    const ofBase = await mapOf(model);
    expect(own.every((value, n) => close(value, ofBase[n]))).toBe(false);
    await trainer.close();
  });

  it("takes a loss of one's own, with its weight and its parts", async () => {
    const small = defineLoss({
      name: "small-states",
      needs: { taps: ["hiddenStates"] },
      compute({ taps }) {
        const loss = np.mean(np.square(lastLayer(taps.hiddenStates)));
        return { loss, parts: { twice: np.multiply(loss, 2) } };
      },
    });
    const trainer = await open({ losses: [nextToken, weigh(small, 0.5)] });
    const { loss, parts } = await trainer.step(examples);
    expect(Object.keys(parts)).toEqual(["ntp", "small-states", "small-states.twice"]);
    expect(parts["small-states.twice"]).toBeCloseTo(2 * parts["small-states"], 5);
    expect(loss).toBeCloseTo(parts.ntp + 0.5 * parts["small-states"], 5);
    await trainer.close();
  });

  it("leaves frozen parts as they are", async () => {
    const trainer = await open({ freeze: ["vision", "projector", "embeddings"], losses: [nextToken] });
    await trainer.step(examples);
    const saved = join(folder, "frozen");
    await trainer.save(saved);
    const before = new Map(await weightsOf(base));
    const changed = (await weightsOf(saved)).filter(([name, values]) => {
      return values.some((value, i) => value !== (before.get(name) as number[])[i]);
    });
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.every(([name]) => name.includes("language_model"))).toBe(true);
    await trainer.close();
  });

  it("makes its steps one after the other, and takes the rate of each from a function", async () => {
    const trainer = await open({ losses: [nextToken], learningRate: (step) => 0.01 / (1 + step) });
    const reports = await Promise.all([1, 2, 3].map(() => trainer.step(examples)));
    expect(reports.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(reports.map(({ learningRate }) => learningRate)).toEqual([0.01, 0.005, 0.01 / 3]);
    await trainer.close();
  });

  it("compiles no program anew for examples that are shorter than those before", async () => {
    const trainer = await open({ losses: [nextToken] });
    const long = examples.map(({ image, questions }) => ({ image, questions }));
    const short = long.map(({ image, questions }) => ({ image, questions: questions.slice(0, 1) }));
    const alone = await open({ losses: [nextToken] });
    const first = await alone.evaluate(short);
    await trainer.evaluate(long);
    expect(close((await trainer.evaluate(short)).loss, first.loss)).toBe(true);
    await Promise.all([trainer.close(), alone.close()]);
  });
});

describe("mistakes", () => {
  const picture = { width: 4, height: 4, data: new Uint8Array(48) };
  const question = { question: "is there a cat ?", answer: "yes" };

  it.each<[string, object]>([
    ["a rate below 0", { learningRate: -1 }],
    ["no rate", { learningRate: undefined }],
    ["an unknown setting", { learningrate: 1e-3 }],
    ["an unknown part", { freeze: ["eyes"] }],
    ["nothing to train", { freeze: ["vision", "projector", "embeddings", "decoder"] }],
    ["a loss twice", { losses: [nextToken, nextToken] }],
    ["no loss", { losses: [weigh(nextToken, 0)] }],
    ["a wrong option of adapters", { lora: { rank: 0 } }],
    ["frozen parts beside adapters", { lora: {}, freeze: ["vision"] }],
  ])("%s", async (_, options) => {
    await expect(open(options as Partial<TrainerOptions>)).rejects.toThrowErrorMatchingSnapshot();
  });

  it.each<[string, unknown]>([
    ["no examples", []],
    ["no list", undefined],
    ["a picture with alpha", [{ image: { ...picture, data: new Uint8Array(64) }, questions: [question] }]],
    ["nothing to learn from", [{ image: picture, concepts: [{ word: "cat" }] }]],
    ["a picture without a size", [{ image: { ...picture, width: 0 }, questions: [question] }]],
    ["a question without an answer", [{ image: picture, questions: [{ ...question, answer: "" }] }]],
    [
      "a box outside of its picture",
      [
        {
          id: "cat",
          image: picture,
          questions: [{ ...question, regions: [{ kind: "box", box: [9, 9, 12, 12] }] }],
        },
      ],
    ],
  ])("%s", async (_, given) => {
    const trainer = await open({ losses: [nextToken] });
    await expect(trainer.step(given as never)).rejects.toThrowErrorMatchingSnapshot();
    await trainer.close();
  });

  it("all of a model whose weights are rounded", async () => {
    const rounded = await openVlm(base, { weights: "int8" });
    await expect(open({ model: rounded })).rejects.toThrowErrorMatchingSnapshot();
    const trainer = await open({ model: rounded, lora: {}, losses: [nextToken] });
    expect((await trainer.step(examples)).step).toBe(1);
    await trainer.close();
  });

  it("a folder that is there already is left as it is, unless it may be replaced", async () => {
    const trainer = await open({ losses: [nextToken] });
    const error = await trainer.save(base).catch((thrown: Error) => thrown);
    expect((error as Error).message.replaceAll(folder, "FOLDER")).toMatchSnapshot();
    const saved = join(folder, "replaced");
    await trainer.save(saved);
    await trainer.save(saved, { replace: true });
    await trainer.close();
  });

  it("a step that is not finite says what went wrong first, and nothing of it is saved", async () => {
    const trainer = await open({ losses: [nextToken], learningRate: 1e30 });
    const step = async () => {
      for (let i = 0; i < 4; i++) await trainer.step(examples);
    };
    await expect(step()).rejects.toThrow(/^trainer.step: step [234] is not finite: .*a lower learningRate/);
    await expect(trainer.save(join(folder, "broken"))).rejects.toThrow("is not finite");
    await expect(trainer.model()).rejects.toThrow("is not finite");
    await trainer.close();
  });
});
