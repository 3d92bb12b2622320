import { type Carry, type CompiledProgram, type CompileOptions, compile } from "../engine/compile.ts";
import { type ArraySpec, type ConstantArray, float32, type HostArray } from "../engine/host.ts";
import type { Batch } from "../losses/batch.ts";
import type { Moments, StepScalars } from "./optimiser.ts";
import {
  type Accumulated,
  makeAccumulate,
  makeApply,
  makeStep,
  type Objective,
  type Report,
  type StepOptions,
  type TrainState,
} from "./step.ts";
import { mapValues, type Named } from "./trees.ts";

/** A compiled training step and the state that it changes. */
export interface Stepper {
  /** One step on as many batches as there are micro-batches. */
  step(
    batches: readonly Batch[],
    scalars: StepScalars<number>,
    weights: Named<number>,
  ): Promise<Report<number>>;
  /** The current state. Its arrays are overwritten by the step after next: copy what must stay. */
  readonly state: TrainState<HostArray>;
  /** The state before the last step. */
  readonly previous: TrainState<HostArray>;
  dispose(): Promise<void>;
}

export interface StepperOptions {
  readonly objective: Objective<never>;
  readonly options: StepOptions;
  readonly state: TrainState<HostArray>;
  /** Constants of the programs. */
  readonly frozen: Named<ConstantArray>;
  /** Any batch: the programs are compiled for its shapes. */
  readonly example: Batch;
  /** A weight for each loss. */
  readonly weights: Named<number>;
  /** Names of the parts that the objective reports. */
  readonly partNames: readonly string[];
  readonly threads: number;
  /** Whether the backward pass computes layers again rather than have them held. */
  readonly recompute?: boolean;
}

/** The results of the forward pass, of both kinds of step. */
const forwardResults = ["1.loss", "1.parts"];

function compileOptions({ threads, recompute }: StepperOptions, frozen: number): CompileOptions {
  return { threads, frozen: [frozen], ...(recompute && { recompute: forwardResults }) };
}

/** Compiles the step, as one program, or with `accumulate` micro-batches as two. */
export function openStepper(options: StepperOptions, accumulate: number): Promise<Stepper> {
  return accumulate > 1 ? accumulating(options, accumulate) : whole(options);
}

const scalarSpec: ArraySpec = { shape: [], dtype: "float32" };
const optimiserSpecs = { learningRate: scalarSpec, stepSize: scalarSpec, secondScale: scalarSpec };

/** One program for the whole step. */
async function whole(given: StepperOptions): Promise<Stepper> {
  const { objective, options, state, frozen, example, weights } = given;
  const specs = { ...optimiserSpecs, weights: mapValues(weights, () => scalarSpec) };
  const step = makeStep(objective, options);
  const program = await compile(step as never, [state, frozen, example, specs], compileOptions(given, 1));
  const carry = program.carry(state);
  return stepper(carry, [program], async ([batch], values, lambdas) => {
    const fed = { ...scalars(values), weights: scalars(lambdas) };
    const report = (await carry.step(batch, fed)) as Report<HostArray>;
    return { ...losses(report), gradientNorm: report.gradientNorm.data[0] };
  });
}

/** A program for a micro-batch, and one that ends the step. */
async function accumulating(given: StepperOptions, accumulate: number): Promise<Stepper> {
  const { objective, options, state, frozen, example, weights, threads } = given;
  const sum = emptySum(given);
  const specs = { weights: mapValues(weights, () => scalarSpec), share: scalarSpec, first: scalarSpec };
  const example1 = [sum, state.params, frozen, example, specs];
  const adding = await compile(makeAccumulate(objective) as never, example1, compileOptions(given, 2));
  const example2 = [state, state.params, optimiserSpecs];
  const ending = await compile(makeApply(options) as never, example2, { threads });
  const [sums, carry] = [adding.carry(sum), ending.carry(state)];
  return stepper(carry, [adding, ending], async (batches, values, lambdas) => {
    for (const [i, batch] of batches.entries()) {
      const fed = {
        weights: scalars(lambdas),
        ...scalars({ share: 1 / accumulate, first: i === 0 ? 1 : 0 }),
      };
      await sums.step(carry.state.params, batch, fed);
    }
    const { gradients, ...value } = sums.state;
    const { gradientNorm } = (await carry.step(gradients, scalars(values))) as Report<HostArray>;
    return { ...losses(value), gradientNorm: gradientNorm.data[0] };
  });
}

function stepper(
  carry: Carry<TrainState<HostArray>>,
  programs: readonly CompiledProgram<unknown>[],
  step: Stepper["step"],
): Stepper {
  return {
    step,
    get state() {
      return carry.state;
    },
    get previous() {
      return carry.previous;
    },
    dispose: async () => void (await Promise.all(programs.map((program) => program.dispose()))),
  };
}

function emptySum({ state, partNames }: StepperOptions): Accumulated<HostArray> {
  return {
    gradients: mapValues(state.params, ({ shape }) => float32(shape)),
    loss: float32([]),
    parts: Object.fromEntries(partNames.map((name) => [name, float32([])])),
  };
}

/** Moments at the start of a run. */
export function zeroMoments(trained: Named<ArraySpec>): Moments<HostArray> {
  const zeros = () => mapValues(trained, ({ shape }) => float32(shape));
  return { first: zeros(), second: zeros() };
}

function scalars(values: object): Record<string, HostArray> {
  return mapValues(values as Named<number>, (value) => float32([], [value]));
}

function losses({ loss, parts }: Pick<Report<HostArray>, "loss" | "parts">): {
  loss: number;
  parts: Named<number>;
} {
  return { loss: loss.data[0], parts: mapValues(parts, ({ data }) => data[0]) };
}
