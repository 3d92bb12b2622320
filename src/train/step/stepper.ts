/** Steps compiled for each shape of batch, over one state that they share. */
import { mapValues } from "../../common/map-values.ts";
import { type Carry, openCarry } from "../../engine/carry.ts";
import { type CompileOptions, compile } from "../../engine/compile.ts";
import { type ArraySpec, type ConstantArray, float32, type HostArray, type Tree } from "../../engine/host.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import { resultSpecs } from "../../engine/trace.ts";
import {
  type ByLayout,
  type CompileCount,
  type ShapedBatch,
  type ShapedPrograms,
  shapedPrograms,
} from "../batches/shapes.ts";
import { evaluation, hostScalars, lossNumbers, scalarSpecs } from "./evaluator.ts";
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
import type { Named } from "./trees.ts";

/** A training step, compiled for each shape of batches that comes, and the one state that all of them change. */
export interface Stepper {
  /** One step on as many batches as there are micro-batches, of any shapes. */
  step(
    batches: readonly ShapedBatch[],
    scalars: StepScalars<number>,
    weights: Named<number>,
  ): Promise<Report<number>>;
  /**
   * The current state. Its arrays are overwritten by the step after next: copy what must stay. On WebGPU they are handles.
   */
  readonly state: TrainState<HostArray>;
  /** Copies of the current parameters, from wherever they are. */
  values(): Promise<Named<HostArray>>;
  /** The state before the last step. */
  readonly previous: TrainState<HostArray>;
  /** What was compiled so far. */
  readonly compiled: CompileCount;
  dispose(): Promise<void>;
}

export interface StepperOptions {
  readonly objective: ByLayout<Objective<never>>;
  readonly options: StepOptions;
  readonly state: TrainState<HostArray>;
  /** Constants of the programs. */
  readonly frozen: Named<ConstantArray>;
  /** Names of the losses, which have a weight each. */
  readonly losses: readonly string[];
  readonly machine: Machine;
  /** Whether the backward pass computes layers again rather than have them held. */
  readonly recompute?: boolean;
  /** Programs held at most, each for other shapes. */
  readonly limit?: number;
}

/** The results of the forward pass, of both kinds of step. */
const forwardResults = ["1.loss", "1.parts"];

function compileOptions({ machine, recompute }: StepperOptions, frozen: number): CompileOptions {
  return { machine, frozen: [frozen], ...(recompute && { recompute: forwardResults }) };
}

/** Steps as one program a shape, or with `accumulate` micro-batches as one a shape and one that ends a step. */
export async function openStepper(options: StepperOptions, accumulate: number): Promise<Stepper> {
  return accumulate > 1 ? accumulating(options, accumulate) : whole(options);
}

const optimiserSpecs = scalarSpecs(["learningRate", "stepSize", "secondScale"]);

/** One program for the whole step. */
function whole(given: StepperOptions): Stepper {
  const { objective, options, state, frozen, losses: names } = given;
  const specs = { ...optimiserSpecs, weights: scalarSpecs(names) };
  const carry = openCarry(state);
  const programs = shapedPrograms(({ batch, layout }) => {
    const step = makeStep(objective(layout), options);
    return compile(step, [carry.state, frozen, batch, specs], compileOptions(given, 1));
  }, given.limit);
  const step: Stepper["step"] = async ([made], values, lambdas) => {
    const fed = { ...hostScalars({ ...values }), weights: hostScalars(lambdas) };
    const report = await programs.use(made, (program) => carry.step(program, made.batch, fed));
    const { gradientNorm, ...value } = report as Report<HostArray>;
    return { ...lossNumbers(value), gradientNorm: gradientNorm.data[0] };
  };
  return stepper(carry, programs, step, async () => {
    carry.dispose();
    await programs.dispose();
  });
}

/** A program for a micro-batch, and one that ends the step. */
async function accumulating(given: StepperOptions, accumulate: number): Promise<Stepper> {
  const { objective, options, state, frozen, losses: names, machine } = given;
  const specs = { weights: scalarSpecs(names), ...scalarSpecs(["share", "first"]) };
  const carry = openCarry(state);
  const ending = await compile(makeApply(options), [state, state.params, optimiserSpecs], {
    machine,
  });
  let sums: Carry<Accumulated<HostArray>> | undefined; // Opened with the first batch, which tells the losses' parts.
  const programs = shapedPrograms(({ batch, layout }) => {
    const adding = makeAccumulate(objective(layout));
    const example = [sums?.state, carry.state.params, frozen, batch, specs];
    return compile(adding, example, compileOptions(given, 2));
  }, given.limit);
  const step: Stepper["step"] = async (batches, values, lambdas) => {
    sums ??= openCarry(await emptySum(given, batches[0]));
    const { params } = carry.state;
    for (const [i, made] of batches.entries()) {
      const first = i === 0 ? 1 : 0;
      const fed = { weights: hostScalars(lambdas), ...hostScalars({ share: 1 / accumulate, first }) };
      const add = sums;
      await programs.use(made, (program) => add.step(program, params, made.batch, fed));
    }
    const { gradients } = sums.state;
    const value = await sums.read(({ loss, parts }) => ({ loss, parts }));
    const ended = await carry.step(ending, gradients, hostScalars({ ...values }));
    const { gradientNorm } = ended as Report<HostArray>;
    return { ...lossNumbers(value), gradientNorm: gradientNorm.data[0] };
  };
  return stepper(carry, programs, step, async () => {
    carry.dispose();
    sums?.dispose();
    await Promise.all([programs.dispose(), ending.dispose()]);
  });
}

function stepper(
  carry: Carry<TrainState<HostArray>>,
  { count }: Pick<ShapedPrograms<unknown>, "count">,
  step: Stepper["step"],
  dispose: Stepper["dispose"],
): Stepper {
  return {
    step,
    get state() {
      return carry.state;
    },
    async values() {
      const read = await carry.read(({ params }) => params);
      return mapValues(read, (array) => ({ ...array, data: array.data.slice() }));
    },
    get previous() {
      return carry.previous;
    },
    compiled: count,
    dispose,
  };
}

/** Zeros for the gradients and for every part that the losses report of a batch. */
async function emptySum(
  { objective, state, frozen, losses: names }: StepperOptions,
  { batch, layout }: ShapedBatch,
): Promise<Accumulated<HostArray>> {
  const value = evaluation(objective(layout));
  const given = [state.params, frozen, batch, scalarSpecs(names)] as readonly unknown[];
  const specs = await resultSpecs(value, given as readonly Tree<ArraySpec>[]);
  const { parts } = specs as { parts: Named<ArraySpec> };
  return {
    gradients: mapValues(state.params, ({ shape }) => float32(shape)),
    loss: float32([]),
    parts: mapValues(parts, () => float32([])),
  };
}

/** Moments at the start of a run. */
export function zeroMoments(trained: Named<ArraySpec>): Moments<HostArray> {
  const zeros = () => mapValues(trained, ({ shape }) => float32(shape));
  return { first: zeros(), second: zeros() };
}
