/** Steps compiled for each shape of batch, over one state that they share. */
import { mapValues } from "../../common/map-values.ts";
import { copyOf, openCarry } from "../../engine/carry.ts";
import { arrayPlace, compile } from "../../engine/compile.ts";
import {
  type ArraySpec,
  type ConstantArray,
  emptyLike,
  float32,
  type HostArray,
  sizeOf,
} from "../../engine/host.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import { type ByLayout, type CompileCount, type ShapedBatch, shapedPrograms } from "../batches/shapes.ts";
import { apart, endToEnd, gathered, joined, leavesOf } from "./end-to-end.ts";
import { hostScalars, lossNumbers, meanReport, scalarSpecs } from "./evaluator.ts";
import { lossScaleOf } from "./loss-scale.ts";
import { clipScale, type Moments, stepScalars } from "./optimiser.ts";
import {
  makeAccumulate,
  makeGradients,
  makeUpdate,
  type Objective,
  type Report,
  type StepOptions,
  type TrainState,
} from "./step.ts";
import type { Named } from "./trees.ts";

/** A training step, compiled for each shape of batches that comes, and the one state that all of them change. */
export interface Stepper {
  /**
   * One step on as many batches as there are micro-batches, of any shapes. Where something in its report is not finite the
   * state stays as it was. Gradients that overflow where the loss is scaled are computed again, of a loss scaled less.
   */
  step(batches: readonly ShapedBatch[], at: StepPlace, weights: Named<number>): Promise<StepReport>;
  /** The current state. Its arrays are overwritten by the next step: copy what must stay. On WebGPU they are handles. */
  readonly state: TrainState<HostArray>;
  /** The current state's values, from wherever it is: where it lies on the host its own arrays, as `state` has them. */
  read(): Promise<TrainState<HostArray>>;
  /** Copies of the current parameters, from wherever they are. */
  values(): Promise<Named<HostArray>>;
  /** What was compiled so far. */
  readonly compiled: CompileCount;
  dispose(): Promise<void>;
}

/** What a step reports as numbers; where its loss is scaled, by how much, and how often that had to be halved for it. */
export interface StepReport extends Report<number> {
  readonly lossScale?: number;
  readonly overflows?: number;
}

/** Which step it is, from 0, and its learning rate. */
export interface StepPlace {
  readonly step: number;
  readonly learningRate: number;
}

export interface StepperOptions {
  readonly objective: ByLayout<Objective<never>>;
  readonly options: StepOptions;
  /** Where the first step starts from: arrays that are the stepper's from then on, which it writes over. */
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

/** The results of the forward pass. */
const forwardResults = ["1.loss", "1.parts"];

/**
 * Two kinds of programs: gradients, for each shape of batch, and one that updates the state, which so is written over
 * only once all gradients are known to be finite. `accumulate` micro-batches make a step.
 */
export async function openStepper(given: StepperOptions, accumulate: number): Promise<Stepper> {
  const { options, state, machine } = given;
  const { blocks, decays } = blocksOf(state.params, options, machine);
  const start = mapState(state, (leaves) => joined(blocks, leaves));
  const carry = openCarry(start, { take: true });
  const sums = mapValues(start.params, emptyLike);
  const sum = openCarry(leavesOf(blocks, sums), { take: true });
  const updating = [start, sums, scalarSpecs(optimiserScalars)];
  const narrow = { machine: forUpdate(machine, start.params), state: 0 };
  const update = await compile(makeUpdate({ ...options, decays }), updating, narrow);
  const leaves = (current: TrainState<HostArray>) => mapState(current, (own) => leavesOf(blocks, own));
  const programs = gradientPrograms(given, mapValues(state.params, specOf), accumulate);
  const scaling = lossScaleOf(machine);
  /** The sum of the batches' gradients, and its report, of the loss as it is scaled now. */
  const differentiated = async (batches: readonly ShapedBatch[], weights: Named<number>) => {
    const reports: Report<number>[] = [];
    const { params } = leaves(carry.state);
    const lossScale = scaling?.value ?? 1;
    for (const [i, made] of batches.entries()) {
      const shares = { share: 1 / accumulate, first: i === 0 ? 1 : 0 };
      const joined = hostScalars(scaling ? { ...shares, lossScale } : shares);
      const fed = { weights: hostScalars(weights), ...joined };
      reports.push(
        numbers(await programs.use(made, (program) => sum.step(program, params, made.batch, fed))),
      );
    }
    const { gradientNorm } = reports[reports.length - 1];
    return { ...meanReport(reports), gradientNorm: gradientNorm / lossScale };
  };
  const step: Stepper["step"] = async (batches, at, weights) => {
    let report = await differentiated(batches, weights);
    let overflows = 0;
    for (; hasOverflown(report) && scaling?.shrink(); overflows++)
      report = await differentiated(batches, weights);
    if (!isFiniteReport(report)) return report;
    const lossScale = scaling?.value ?? 1;
    scaling?.grow();
    const scale = clipScale(report.gradientNorm, options.clipNorm) / lossScale;
    const scalars = stepScalars(at.learningRate, at.step, options, scale);
    await carry.step(update, gathered(blocks, sums, sum.state), hostScalars({ ...scalars }));
    return scaling ? { ...report, lossScale, overflows } : report;
  };
  return {
    step,
    get state() {
      return leaves(carry.state);
    },
    read: async () => leaves(await carry.read((current) => current)),
    async values() {
      const read = await carry.read(({ params }) => params);
      return mapValues(leavesOf(blocks, read), copyOf);
    },
    compiled: programs.count,
    async dispose() {
      carry.dispose();
      sum.dispose();
      await Promise.all([programs.dispose(), update.dispose()]);
    },
  };
}

/** How the optimiser sees the state: small leaves joined, but where arrays stay on a device. */
function blocksOf(params: Named<ArraySpec>, { decays }: StepOptions, machine: Machine) {
  if (arrayPlace(machine).handles) return { blocks: apart(params), decays };
  const blocks = endToEnd(params, (name) => (decays(name) ? "decayed" : "kept"));
  const decayed = new Set(
    Object.entries(blocks.places).flatMap(([name, { block }]) => (decays(name) ? block : [])),
  );
  return { blocks, decays: (block: string) => decayed.has(block) };
}

/** With one thread where the state is small: it lies in a core's cache, and two threads wait for each other. A page has one number of threads for all. */
function forUpdate(machine: Machine, blocks: Named<ArraySpec>): Machine {
  const size = Object.values(blocks).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const session = { ...machine.session, intraOpNumThreads: 1 };
  return size <= largestForOneThread ? { ...machine, session } : machine;
}

/** Elements. */
const largestForOneThread = 2 ** 22;

/** The same of parameters and of both moments. */
function mapState<A, B>(
  { params, moments }: TrainState<A>,
  of: (leaves: Named<A>) => Named<B>,
): TrainState<B> {
  return { params: of(params), moments: { first: of(moments.first), second: of(moments.second) } };
}

const optimiserScalars = ["kept", "firstShare", "secondShare", "rootScale", "epsilonScale"];

/** The programs that make gradients, one a shape. */
function gradientPrograms(given: StepperOptions, params: Named<ArraySpec>, accumulate: number) {
  const { objective, frozen, losses, machine, recompute, limit } = given;
  const makeFunction = accumulate > 1 ? makeAccumulate : makeGradients;
  const shares = ["share", "first", ...(lossScaleOf(machine) ? ["lossScale"] : [])];
  const specs = { weights: scalarSpecs(losses), ...scalarSpecs(shares) };
  const settings = { machine, state: 0, frozen: [2], ...(recompute && { recompute: forwardResults }) };
  return shapedPrograms(({ batch, layout }) => {
    const example = [params, params, frozen, batch, specs];
    return compile(makeFunction(objective(layout)), example, settings);
  }, limit);
}

/** A spec alone, so that what the state starts from can go. */
const specOf = ({ shape, dtype }: ArraySpec): ArraySpec => ({ shape, dtype });

function numbers(report: unknown): Report<number> {
  const { gradientNorm, ...value } = report as Report<HostArray>;
  return { ...lossNumbers(value), gradientNorm: gradientNorm.data[0] };
}

/** Whether gradients alone are not finite: so they are where scaled ones leave the range of half precision. */
function hasOverflown({ gradientNorm, ...value }: Report<number>): boolean {
  return !Number.isFinite(gradientNorm) && isFiniteReport({ ...value, gradientNorm: 0 });
}

/** Whether all that a step reports is finite. */
export function isFiniteReport({ loss, gradientNorm, parts }: Report<number>): boolean {
  return [loss, gradientNorm, ...Object.values(parts)].every(Number.isFinite);
}

/** Moments at the start of a run. */
export function zeroMoments(trained: Named<ArraySpec>): Moments<HostArray> {
  const zeros = () => mapValues(trained, ({ shape }) => float32(shape));
  return { first: zeros(), second: zeros() };
}
