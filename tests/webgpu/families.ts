/** Tiny checkpoints of every family: forward pass with taps, gradients, generation, and training on all three losses. */
import { join } from "node:path";
import { makeData } from "../../src/data/imagefolder/make.ts";
import { type NdArray, valueAndGrad } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import { float32, type HostArray } from "../../src/engine/host.ts";
import { arraysHeld } from "../../src/engine/runtime/node-arrays.ts";
import type { VlmParams } from "../../src/models/contract/parts.ts";
import type { ModelInputs } from "../../src/models/inputs/inputs.ts";
import { checkConfig } from "../../src/train/config/config.ts";
import { hostLeaves } from "../engine/compared.ts";
import { nextTokenLoss, promptRows } from "../models/fixture.ts";
import { loadParity, type Parity, rowsOf } from "../models/parity.ts";
import { inTemporaryFolder, lossesOf, run } from "../train/support.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";

/** One checkpoint of each family, and changes of the sizes of its pictures, so that training is short. */
export const families: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "llava/siglip-qwen2": {},
  "qwen2_5_vl/windows": { size: { shortest_edge: 64, longest_edge: 576 } },
  "qwen3_vl/deepstack": { max_pixels: 576 },
  "smolvlm/tiles": { do_image_splitting: false },
  "idefics3/tiles": { do_image_splitting: false },
  "paligemma/gemma2": {},
};

const taps = [
  "patchEmbeddings",
  "visionHiddenStates",
  "imageFeatures",
  "deepFeatures",
  "hiddenStates",
  "attentions",
] as const;

/** Logits, taps, and the gradient of the loss by every parameter. */
async function forwardAndGradient(parity: Parity, device: string): Promise<HostArray[]> {
  const { family, layout, params, inputs, reference } = parity;
  const labels = await reference("labels");
  const fn = (tree: VlmParams, rows: ModelInputs, targets: NdArray) => {
    const loss = (p: VlmParams): [NdArray, object] => {
      const { logits, taps: tapped } = family.forward(p, rows, { layout, taps });
      return [nextTokenLoss(logits as NdArray, targets), { logits, tapped }];
    };
    return valueAndGrad(loss)(tree);
  };
  const program = await compile(fn, [params, inputs, labels], { machine: { device } });
  const results = hostLeaves(await program.run(params, inputs, labels));
  await program.dispose();
  return results;
}

/** The tokens of a greedy answer, and their log-probabilities. */
async function generated(
  { family, params, rows, inputs, prompts }: Parity,
  device: string,
): Promise<HostArray[]> {
  const generator = family.createGenerator({ maxNewTokens: 3, eosTokenIds: [], machine: { device } });
  const pixels = inputs.pixelValues as HostArray;
  const answers = await generator.generate(params, promptRows(rowsOf(prompts), rows, pixels, family.pixels));
  await generator.dispose();
  return answers.flatMap(({ tokens, logProbabilities }) =>
    [tokens, logProbabilities].map((list) => float32([list.length], list)),
  );
}

/** What three steps on all three losses report, of all parameters or of adapters. */
function trained(name: string, device: string, lora?: { readonly rank: number }): Promise<HostArray[]> {
  return inTemporaryFolder(async (folder) => {
    const data = join(folder, "data");
    const examples = { tasks: ["naming"] as const, scene: { size: 32, objects: [1, 1] as const } };
    const recipe = { count: 2, seed: 0, split: "train", sources: ["fluent-3d"], names: 2, examples };
    await makeData(recipe as Parameters<typeof makeData>[0], data);
    const from = new URL(`../fixtures/models/${name}/`, import.meta.url).pathname;
    const config = checkConfig({
      model: { from, preprocessor: families[name] },
      data: { folder: data },
      losses: { ntp: {}, lll: {}, klal: {} },
      ...(lora && { lora }),
      train: {
        steps: 3,
        batchSize: 2,
        learningRate: 3e-3,
        warmupSteps: 0,
        prefetch: 0,
        evalEvery: 0,
        device,
      },
    });
    await run(config, join(folder, "run"));
    const { steps } = await lossesOf(join(folder, "run"));
    return steps.map(({ loss, parts, gradientNorm }) => {
      const numbers = [loss, gradientNorm, ...Object.values(parts)];
      return float32([numbers.length], numbers);
    });
  });
}

/** Three steps of AdamW are larger than their gradients' differences, whose signs they take. */
const stepTolerance = 2e-3;

export async function familyOutcomes(name: string): Promise<Outcome[]> {
  const parity = await loadParity(name);
  return [
    await outcomeOf("forward pass, taps, gradients", 1e-4, (device) => forwardAndGradient(parity, device)),
    await outcomeOf("generation", 1e-4, (device) => generated(parity, device)),
    { name: "arrays on the device after generation", tolerance: 0, error: arraysHeld() },
    await outcomeOf("training", stepTolerance, (device) => trained(name, device)),
  ];
}

export async function adapterOutcomes(name: string): Promise<Outcome[]> {
  return [
    await outcomeOf("training adapters", stepTolerance, (device) => trained(name, device, { rank: 2 })),
  ];
}
