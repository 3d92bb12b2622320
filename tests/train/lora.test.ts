import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test, vi } from "vitest";
import { np } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import type { HostArray } from "../../src/engine/host.ts";
import { readAdapterConfig, readAdapterTensors } from "../../src/hub/weights/peft.ts";
import { mergeAdapter } from "../../src/models/adapter/merge.ts";
import type { VlmParams } from "../../src/models/contract/parts.ts";
import { checkConfig, loadConfig, type TrainConfig } from "../../src/train/config/config.ts";
import { dropoutMask, makeNoise, type Noise } from "../../src/train/step/dropout.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { inTemporaryFolder, lossesOf, run, tinyConfig, tinyRaw } from "./support.ts";

type Section = Record<string, unknown>;

/** Runs `use` with a base model that a short run made. */
let folder: string;
let base: string;
let ended: () => void;

beforeAll(async () => {
  const ready = Promise.withResolvers<void>();
  const over = new Promise<void>((resolve) => {
    ended = resolve;
  });
  void inTemporaryFolder(async (temporary) => {
    folder = temporary;
    base = (await run(tinyConfig({ train: { steps: 2 } }), join(temporary, "base"))).model;
    ready.resolve();
    await over;
  }).catch(ready.reject);
  await ready.promise;
});
afterAll(() => ended());

function loraConfig(lora: Section = {}, train: Section = {}, losses: Section = tinyRaw.losses): TrainConfig {
  return checkConfig({
    ...tinyRaw,
    model: { ...tinyRaw.model, from: base },
    losses,
    train: { ...tinyRaw.train, ...train },
    lora: { rank: 2, alpha: 4, ...lora },
  });
}

const out = (name: string) => join(folder, name);

describe("a run with adapters", () => {
  it("writes PEFT folders and changes adapters only", async () => {
    const { model } = await run(loraConfig({}, { learningRate: 0.02, steps: 8 }), out("whole"));
    const files = [
      "README.md",
      "adapter_config.json",
      "adapter_model.safetensors",
      "fovea.json",
      "training.yaml",
    ];
    expect((await readdir(model)).sort()).toEqual(files);
    expect(await readAdapterConfig(model)).toMatchObject({
      rank: 2,
      alpha: 4,
      base: "../../base/model",
      revision: null,
    });
    const tensors = await readAdapterTensors(model);
    expect(tensors.size).toBe(2 * 7);
    for (const [name, { a, b }] of tensors) {
      expect(name).toMatch(/^model\.language_model\.layers\.[01]\.(self_attn|mlp)\.\w+_proj$/);
      expect([a.shape[0], b.shape[1]]).toEqual([2, 2]);
      expect(
        b.data.some((x) => x !== 0),
        name,
      ).toBe(true);
    }
    const state = await readFile(out("whole/checkpoints/step-000008/fovea-state.safetensors"));
    expect(state.length).toBeLessThan(30_000);
    const { steps, evaluations } = await lossesOf(out("whole"));
    expect(evaluations.at(-1)?.loss).toBeLessThan(evaluations[0].loss);
    expect(steps[0].gradientNorm).toBeGreaterThan(0);
  });

  it("begins as its base", async () => {
    const { parts } = (await lossesOf(out("whole"))).steps[0];
    const plain = checkConfig({ ...loraConfig(), lora: undefined });
    await run({ ...plain, train: { ...plain.train, steps: 1 } }, out("plain"));
    const [first] = (await lossesOf(out("plain"))).steps;
    for (const [name, value] of Object.entries(first.parts)) expect(parts[name]).toBeCloseTo(value, 4);
  });

  it("goes on to the losses of an uninterrupted one, bit by bit, with dropout and micro-batches", async () => {
    const losses = { ...tinyRaw.losses, klal: { gate: "focal" } };
    const config = loraConfig({ dropout: 0.3 }, { accumulate: 2 }, losses);
    await run(config, out("straight"));
    const stop = new AbortController();
    stop.abort();
    await expect(run(config, out("broken"), { signal: stop.signal })).rejects.toThrow("stopped after step 1");
    await run(config, out("broken"), { resume: true });
    expect(await lossesOf(out("broken"))).toEqual(await lossesOf(out("straight")));
    const weights = (name: string) => readFile(out(`${name}/model/adapter_model.safetensors`));
    expect(await weights("broken")).toEqual(await weights("straight"));
  });

  it("drops inputs in steps, not in evaluations", async () => {
    await run(loraConfig({ dropout: 0.5 }, { steps: 4 }), out("dropped"));
    await run(loraConfig({}, { steps: 4 }), out("kept"));
    const [dropped, kept] = [await lossesOf(out("dropped")), await lossesOf(out("kept"))];
    expect(dropped.steps[0].loss).toBe(kept.steps[0].loss); // b is zero: what comes before it does not count.
    expect(dropped.steps[2].loss).not.toBe(kept.steps[2].loss);
  });

  it("drops inputs of texts that a loss reads alone too", async () => {
    const losses = { ntp: {}, contrastive: {} };
    await run(loraConfig({ dropout: 0.5 }, { steps: 4 }, losses), out("alone-dropped"));
    await run(loraConfig({}, { steps: 4 }, losses), out("alone-kept"));
    const [dropped, kept] = [await lossesOf(out("alone-dropped")), await lossesOf(out("alone-kept"))];
    expect(dropped.steps[0].loss).toBeCloseTo(kept.steps[0].loss, 5);
    expect(dropped.steps[2].parts.contrastive).not.toBe(kept.steps[2].parts.contrastive);
  });

  it("takes a base of few bits, whose gradients reach the adapters", async () => {
    vi.stubEnv("XDG_CACHE_HOME", out("cache"));
    const first = async (weights: string) => {
      const losses = { ntp: {} };
      await run(loraConfig({ weights, targets: ["q_proj"] }, { steps: 2 }, losses), out(weights));
      const [step, next] = (await lossesOf(out(weights))).steps;
      return [step.loss, step.gradientNorm, next.loss];
    };
    const [mapped, few] = [await first("mapped"), await first("int8")];
    vi.unstubAllEnvs();
    for (const [i, value] of few.entries()) {
      expect(value).not.toBe(mapped[i]);
      expect(Math.abs(value / mapped[i] - 1)).toBeLessThan(0.02);
    }
  });

  it("gives a folder that opens as a model, and merges to the same one", async () => {
    const [model, merged] = [out("whole/model"), out("merged")];
    const made = await mergeAdapter(model, merged);
    expect(made).toEqual({ base, layers: 14 });
    const [adapted, plain] = [await openVlm(model), await openVlm(merged)];
    expect(adapted.family.config).toEqual(plain.family.config);
    const { family } = plain;
    const named = family.toNamed(plain.params as VlmParams<HostArray>);
    const original = family.toNamed(await family.load(base));
    const changed = Object.keys(named).filter(
      (name) => named[name].data.join() !== original[name].data.join(),
    );
    expect(changed).toHaveLength(14);
    expect(family.config).toEqual((await openVlm(base)).family.config);
    expect(await mergeAdapter(merged, out("again"))).toBeUndefined();
  });

  it("refuses what cannot be", async () => {
    const message = (config: TrainConfig) =>
      run(config, out("refused")).then(
        () => "none",
        (error: Error) => error.message.replaceAll(folder, ""),
      );
    expect(await message(loraConfig({ targets: ["q_proj", "v_proj"] }))).toBe(
      "train: lora.targets must include q_proj and k_proj of every decoder layer with the loss klal, got targets " +
        "without 2 of them (model.language_model.layers.0.self_attn.k_proj); it teaches where attention goes, " +
        "which queries and keys decide",
    );
    expect(await message(loraConfig({ targets: ["qproj"] }))).toBe(
      "train: lora.targets must be all-linear or names of layers in decoder " +
        '(q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj), got "qproj"',
    );
    const adapter = { ...loraConfig(), model: { ...loraConfig().model, from: out("whole/model") } };
    expect(await message(adapter)).toBe(
      'train: model.from must be a complete model, got "/whole/model"; fovea merge makes one of an adapter',
    );
    const nothing = { ...loraConfig(), model: { ...loraConfig().model, from: null } };
    expect(await message(nothing)).toBe(
      "train: model.from must be a model to adapt, with lora, got null; or give --model",
    );
    expect(() => loraConfig({}, { freeze: ["vision"] })).toThrow("train.freeze must be empty with lora");
    expect(() => loraConfig({ dropout: 0.1, parts: ["decoder", "vision"] })).toThrow(
      "lora.dropout must be 0",
    );
  });

  it("needs no queries and keys without a loss on attention, and may reach the vision tower", async () => {
    const lora = { targets: ["v_proj", "fc1"], parts: ["decoder", "vision"] };
    const { model } = await run(loraConfig(lora, { steps: 1 }, { ntp: {} }), out("values"));
    const names = [...(await readAdapterTensors(model)).keys()];
    expect(names).toHaveLength(2 + 2);
    expect(names).toContain("model.vision_tower.encoder.layers.0.mlp.fc1");
  });
});

test("settings: the preset, and options on top of it", async () => {
  const { lora } = await loadConfig({ preset: "lora" }, ["lora={}", "lora.rank=4"]);
  expect(lora).toMatchObject({
    rank: 4,
    alpha: 32,
    dropout: 0.05,
    targets: ["all-linear"],
    parts: ["decoder"],
  });
  expect((await loadConfig({ preset: "full" })).lora).toBeUndefined();
});

describe("dropout", () => {
  const sizes = { adapters: 2, batch: 2, length: 300, inputs: 40 };
  const share = 0.25;

  async function masks(seed: number, inputs: readonly number[]): Promise<HostArray[]> {
    const noise = makeNoise(sizes, [seed]);
    const fn = (given: Noise<never>) =>
      inputs.map((size, i) => np.add(dropoutMask(given, i, size, share), 0));
    const program = await compile<HostArray[]>(fn as never, [noise]);
    const made = await program.run(noise);
    await program.dispose();
    return made;
  }

  it("drops the share and scales the rest, independently within and between tokens", async () => {
    const [first, second] = await masks(1, [40, 7]);
    expect([first.shape, second.shape]).toEqual([
      [2, 300, 40],
      [2, 300, 7],
    ]);
    const dropped = Array.from(first.data, (x) => Number(x === 0));
    expect(first.data.every((x) => x === 0 || Math.abs(x - 4 / 3) < 1e-6)).toBe(true);
    const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
    expect(mean(dropped)).toBeCloseTo(share, 1);
    // Both of two features of a token, and both of two tokens in a feature: share squared.
    const pairs = (step: number, width: number) =>
      mean(
        dropped.flatMap((x, i) =>
          i % width < width - step && i + step < dropped.length ? [x * dropped[i + step]] : [],
        ),
      );
    expect(Math.abs(pairs(1, 40) - share ** 2)).toBeLessThan(0.02);
    expect(Math.abs(pairs(40, dropped.length) - share ** 2)).toBeLessThan(0.02);
  });

  it("is the same for the same seed, and another for each step and adapter", async () => {
    const [[a, b], [again], [other]] = [
      await masks(1, [40, 40]),
      await masks(1, [40, 40]),
      await masks(2, [40, 40]),
    ];
    expect(again).toEqual(a);
    expect(other).not.toEqual(a);
    expect(b).not.toEqual(a);
  });
});
