/**
 * Training step by step, on examples in memory: the same step as a run's (collation, losses, AdamW), without its folder.
 *
 *     const trainer = await openTrainer({ model, losses: [nextToken, myLoss], learningRate: 1e-4 });
 *     for (const examples of batches) await trainer.step(examples);
 *     await trainer.save("out/mine");
 */
import { disk } from "#disk";
import { bareAsking } from "../../answers/asking.ts";
import { mustBe, UserError } from "../../common/errors.ts";
import { mapValues } from "../../common/map-values.ts";
import { completeExamples, type ExampleInput } from "../../data/example-input.ts";
import { copyOf } from "../../engine/carry.ts";
import type { HostArray } from "../../engine/host.ts";
import { encodeFolder } from "../../hub/encode-folder.ts";
import { isAdapterFolder } from "../../hub/weights/peft.ts";
import type { WeightedLoss } from "../../losses/total.ts";
import type { Vlm } from "../../vlm/open.ts";
import type { ShapedBatch } from "../batches/shapes.ts";
import { apartFromLosses, startLossParams } from "../run/loss-params.ts";
import { notFinite, openPrograms } from "../run/programs.ts";
import { adaptedModel, type Trainable, wholeModel } from "../run/trainable.ts";
import type { LossReport } from "../step/evaluator.ts";
import { zeroMoments } from "../step/stepper.ts";
import type { Named } from "../step/trees.ts";
import {
  checkLosses,
  checkSettings,
  mustTeach,
  type TrainerOptions,
  type TrainerSettings,
} from "./options.ts";
import { openRooms } from "./rooms.ts";

/** What a step reports. */
export interface TrainerReport extends LossReport {
  /** Steps done, this one among them. */
  readonly step: number;
  /** The weighted sum of the losses before the step. */
  readonly loss: number;
  /** Each loss before its weight by its name, and its own parts as `name.part`. */
  readonly parts: Named<number>;
  /** Global norm of the gradient before it is clipped. */
  readonly gradientNorm: number;
  readonly learningRate: number;
}

/** How a trained model is saved. */
export interface SaveTrainerOptions {
  /** Whether a folder that is there already may be replaced; default false. */
  readonly replace?: boolean;
}

/** A model under training, step by step, on examples in memory. */
export interface Trainer {
  /**
   * One step on a batch. The first of a shape compiles a program. Throws a UserError for an example that does not fit
   * the model, and where a loss or gradient is no finite number, with what went wrong first; the trainer is then of no
   * more use.
   */
  step(examples: readonly ExampleInput[]): Promise<TrainerReport>;
  /** The losses of examples, without a step. */
  evaluate(examples: readonly ExampleInput[]): Promise<LossReport>;
  /** The model after the steps that were asked for, for asking it and looking inside; later steps do not change it. */
  model(): Promise<Vlm>;
  /** Writes the model's Hugging Face folder, with `lora` its adapter's PEFT folder; whole or not at all. */
  save(folder: string, options?: SaveTrainerOptions): Promise<void>;
  /** The same folder's files in memory, by their names: where there is no disk. Throws a UserError with `lora`. */
  files(): Promise<Record<string, Uint8Array<ArrayBuffer>>>;
  /** Frees programs. */
  close(): Promise<void>;
}

/** Opens a trainer of an open model. Throws a UserError for settings that are wrong or do not fit the model. */
export async function openTrainer(options: TrainerOptions): Promise<Trainer> {
  const settings = checkSettings(options);
  const losses = checkLosses(options.losses);
  const model = { ...options.model, asking: bareAsking(options.model.asking) };
  const { targets = {}, examples = [] } = options;
  const known = examples.length === 0 ? [] : completeExamples("openTrainer", examples);
  const collate = openRooms(model, targets, known);
  const steps = await openSteps(options, model, settings, losses);
  const makeBatch = (caller: string, given: readonly ExampleInput[]) => {
    const complete = completeExamples(caller, given);
    mustTeach(caller, complete, losses);
    return collate(complete);
  };
  let turn: Promise<unknown> = Promise.resolve();
  /** One after the other, whether or not the caller waits. */
  const inTurn = <T>(action: () => Promise<T>): Promise<T> => {
    const result = turn.then(action);
    turn = result.catch(() => {});
    return result;
  };
  return {
    step: (given) => inTurn(async () => steps.step(makeBatch("trainer.step", given))),
    evaluate: (given) => inTurn(async () => steps.evaluate(makeBatch("trainer.evaluate", given))),
    model: () => inTurn(async () => ({ ...model, params: steps.trainable.filled(await steps.values()) })),
    save: (folder, { replace = false } = {}) =>
      inTurn(async () => {
        await disk.mustBeWritable(folder, { replace, what: `trainer.save: folder ${folder}` });
        await steps.trainable.save(folder, await steps.values(), { replace });
      }),
    files: () => inTurn(async () => encodeFolder(await steps.trainable.content(await steps.values()))),
    close: () => inTurn(steps.close),
  };
}

/** All of a model, or adapters on it. */
async function openTrainable(
  model: Vlm,
  { lora, freeze, seed }: TrainerSettings,
  losses: readonly WeightedLoss[],
): Promise<Trainable> {
  const { folder, family, params } = model;
  if (await isAdapterFolder(folder))
    throw mustBe("openTrainer", "model", "a complete one", folder, "fovea merge makes one of an adapter");
  if (lora === undefined) {
    if (Object.values(family.toNamed(params)).some((array) => "bits" in array))
      throw mustBe(
        "openTrainer",
        "lora",
        "given for a model of rounded weights, which stay as they are",
        lora,
      );
    const files = () =>
      disk.filesBeside(folder).catch(() => {
        const hint = "tokenizer and processor are copied from there";
        throw mustBe("trainer.save", "model", "one that was opened from a folder", folder, hint);
      });
    return wholeModel(model, freeze, files, "openTrainer: freeze");
  }
  if (freeze.length > 0)
    throw mustBe("openTrainer", "freeze", "empty with lora, which freezes the model", freeze);
  return adaptedModel(model, { lora, from: folder, train: { seed }, losses });
}

interface Steps {
  readonly trainable: Trainable;
  step(made: ShapedBatch): Promise<TrainerReport>;
  evaluate(made: ShapedBatch): Promise<LossReport>;
  /** Copies of what is trained. */
  values(): Promise<Named<HostArray>>;
  close(): Promise<void>;
}

async function openSteps(
  { machine = {} }: TrainerOptions,
  model: Vlm,
  settings: TrainerSettings,
  losses: readonly WeightedLoss[],
): Promise<Steps> {
  const trainable = await openTrainable(model, settings, losses);
  const { prepare } = trainable;
  const trained = { ...trainable.trained, ...startLossParams(losses, settings.seed) };
  const programs = await openPrograms(
    { ...model, ...trainable },
    {
      losses,
      state: { params: mapValues(trained, copyOf), moments: zeroMoments(trained) },
      options: settings,
      recompute: settings.recompute,
      accumulate: 1,
      machine,
    },
  );
  const { stepper, evaluator, evidence } = programs;
  const weights = Object.fromEntries(losses.map(({ name, weight }) => [name, weight]));
  let step = 0;
  let broken: UserError | undefined;
  return {
    trainable,
    async step(made) {
      if (broken !== undefined) throw broken;
      const shown = await evidence.add(made, stepper.state.params, { step, micro: 0 });
      const prepared = { ...shown, batch: prepare(shown.batch, step, 0) };
      const learningRate = rateAt(settings, step);
      const report = await stepper.step([prepared], { step, learningRate }, weights);
      step++;
      const what = await notFinite(programs, report, [prepared], weights);
      if (what !== undefined) {
        broken = new UserError(
          `trainer.step: step ${step} is not finite: ${what}; a lower learningRate may help`,
        );
        throw broken;
      }
      return { step, ...report, learningRate };
    },
    async evaluate(made) {
      const { params } = stepper.state;
      return evaluator.evaluate(params, await evidence.add(made, params, { step: 0, micro: 0 }), weights);
    },
    async values() {
      if (broken !== undefined) throw broken;
      return apartFromLosses(await stepper.values(), losses).model;
    },
    async close() {
      await Promise.all([stepper.dispose(), evaluator.dispose(), evidence.dispose()]);
    },
  };
}

function rateAt({ learningRate }: TrainerSettings, step: number): number {
  const rate = typeof learningRate === "number" ? learningRate : learningRate(step);
  if (rate >= 0 && rate < Number.POSITIVE_INFINITY) return rate;
  throw mustBe("trainer.step", `learningRate of step ${step}`, "a number from 0", rate);
}
