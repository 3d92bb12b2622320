/** What a trainer is told, checked. */
import { z } from "zod";
import { mustBe, UserError } from "../../common/errors.ts";
import type { Example } from "../../data/example.ts";
import type { ExampleInput } from "../../data/example-input.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import type { TargetOptions } from "../../grounding/target.ts";
import type { ExamplePart, Loss } from "../../losses/loss.ts";
import { nextToken } from "../../losses/next-token.ts";
import { type WeightedLoss, weigh } from "../../losses/total.ts";
import type { Part } from "../../models/contract/roles.ts";
import type { Vlm } from "../../vlm/open.ts";
import { configError } from "../config/errors.ts";
import { loraSchema, trainSchema } from "../config/schema.ts";

/** A loss with weight 1 and its options' defaults, or one that `weigh` gave others. */
export type TrainerLoss = Loss | WeightedLoss;

/** What a trainer trains, and how. */
export interface TrainerOptions {
  /** A complete model; it stays as it is. */
  readonly model: Vlm;
  /** What is minimised is their weighted sum; default next-token prediction alone. */
  readonly losses?: readonly TrainerLoss[];
  /** Of AdamW, the same for all steps, or by the step, counted from 0. */
  readonly learningRate: number | ((step: number) => number);
  /** Trains low-rank adapters on the model instead of the model itself; `{}` has the defaults of a config's `lora`. */
  readonly lora?: z.input<typeof loraSchema>;
  /** Parts that keep their values: "vision", "projector", "embeddings", "decoder". */
  readonly freeze?: readonly Part[];
  /** Of adapters' first values and of dropout; default 0. */
  readonly seed?: number;
  /** Of matrices, decoupled from the gradient; default 0.05. */
  readonly weightDecay?: number;
  /** Of the running mean of gradients; default 0.9. */
  readonly beta1?: number;
  /** Of the running mean of their squares; default 0.98. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Largest global norm of the gradient; default 1. */
  readonly clipNorm?: number;
  /** Less memory for more time: the backward pass computes layers' activations again; default false. */
  readonly recompute?: boolean;
  /** How regions become the target maps of attention losses. */
  readonly targets?: Partial<TargetOptions>;
  /** Examples like those that will come: by them programs are planned, which otherwise grow with what comes. */
  readonly examples?: readonly ExampleInput[];
  /** Device and threads. */
  readonly machine?: Machine;
}

const { shape } = trainSchema;
const settingsSchema = z.strictObject({
  learningRate: z.union(
    [shape.learningRate.unwrap(), z.custom<(step: number) => number>((value) => typeof value === "function")],
    "must be a number above 0, or a function of the step",
  ),
  lora: loraSchema.optional(),
  freeze: shape.freeze,
  seed: shape.seed,
  weightDecay: shape.weightDecay,
  beta1: shape.beta1,
  beta2: shape.beta2,
  epsilon: shape.epsilon,
  clipNorm: shape.clipNorm,
  recompute: shape.recompute,
});

export type TrainerSettings = z.output<typeof settingsSchema>;

/** The settings with their defaults. Throws a UserError that names what is wrong, and what was meant. */
export function checkSettings(options: TrainerOptions): TrainerSettings {
  const { model: _, losses: __, targets: ___, examples: ____, machine: _____, ...settings } = options;
  const checked = settingsSchema.safeParse(settings);
  if (checked.success) return checked.data;
  const known = () => [
    ...Object.keys(settingsSchema.shape),
    "model",
    "losses",
    "targets",
    "examples",
    "machine",
  ];
  throw configError("openTrainer", checked.error.issues, settings, known);
}

/** The losses with their weights. Throws a UserError where there is none, or two have one name. */
export function checkLosses(given: readonly TrainerLoss[] = [nextToken]): WeightedLoss[] {
  const losses = given.map((loss) => ("options" in loss ? weigh(loss) : loss));
  const used = losses.filter(({ weight }) => weight > 0);
  if (used.length === 0)
    throw mustBe("openTrainer", "losses", "one or more of weight above 0", losses.length);
  const names = used.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw mustBe("openTrainer", "losses", "of different names", twice);
  return used;
}

const learnable: Readonly<Record<ExamplePart, { readonly name: string; has(example: Example): boolean }>> = {
  answers: { name: "a question", has: ({ questions }) => questions.length > 0 },
  concepts: { name: "a concept", has: ({ concepts }) => concepts.length > 0 },
  regions: {
    name: "a question with a region",
    has: ({ questions }) => questions.some(({ regions }) => regions.length > 0),
  },
};

/** Throws a UserError for examples of which no loss learns anything. */
export function mustTeach(
  caller: string,
  examples: readonly Example[],
  losses: readonly WeightedLoss[],
): void {
  const wanted = losses.map(({ name, needs: { learnsFrom } }) => ({
    name,
    part: learnsFrom && learnable[learnsFrom],
  }));
  if (wanted.some(({ part }) => part === undefined || examples.some(part.has))) return;
  const parts = wanted.map(({ name, part }) => `${part?.name} (${name})`).join(" or ");
  throw new UserError(`${caller}: examples must have something to learn from: ${parts}, got none`);
}
