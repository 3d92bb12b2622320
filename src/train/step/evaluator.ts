/** Losses of held-out batches, without a step. */
import { mapValues } from "../../common/map-values.ts";
import type { NdArray } from "../../engine/array.ts";
import { compile } from "../../engine/compile.ts";
import { type ArraySpec, type ConstantArray, float32, type HostArray } from "../../engine/host.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import { type ByLayout, type ShapedBatch, shapedPrograms } from "../batches/shapes.ts";
import type { Objective } from "./step.ts";
import type { Named } from "./trees.ts";

/** A loss and its parts as numbers. */
export interface LossReport {
  readonly loss: number;
  readonly parts: Named<number>;
}

/** The losses of a batch, without a step. */
export interface Evaluator {
  evaluate(params: Named<HostArray>, made: ShapedBatch, weights: Named<number>): Promise<LossReport>;
  dispose(): Promise<void>;
}

export interface EvaluatorOptions {
  readonly objective: ByLayout<Objective<never>>;
  /** Trained parameters: only their shapes count. */
  readonly params: Named<ArraySpec>;
  /** Constants of the programs. */
  readonly frozen: Named<ConstantArray>;
  /** Names of the losses, which have a weight each. */
  readonly losses: readonly string[];
  readonly machine: Machine;
  /** Programs held at most, each for other shapes. */
  readonly limit?: number;
}

/** Compiles when a shape first comes: a run that never evaluates has no program for it. */
export function openEvaluator(options: EvaluatorOptions): Evaluator {
  const { objective, params, frozen, losses, machine, limit } = options;
  const programs = shapedPrograms<HostLoss>(({ batch, layout }) => {
    const example = [params, frozen, batch, scalarSpecs(losses)];
    return compile(evaluation(objective(layout)), example, { machine, frozen: [1] });
  }, limit);
  return {
    async evaluate(values, made, weights) {
      const fed = hostScalars(weights);
      return lossNumbers(await programs.use(made, (program) => program.run(values, made.batch, fed)));
    },
    dispose: programs.dispose,
  };
}

/** The losses alone: of trained parameters, those that stay, a batch, and the weights. */
export function evaluation(objective: Objective<never>) {
  return (params: Named<NdArray>, fixed: Named<NdArray>, batch: never, weights: Named<NdArray>) =>
    objective({ ...params, ...fixed }, batch, weights);
}

interface HostLoss {
  readonly loss: HostArray;
  readonly parts: Named<HostArray>;
}

/** Scalars [] as numbers. */
export function lossNumbers({ loss, parts }: HostLoss): LossReport {
  return { loss: loss.data[0], parts: mapValues(parts, ({ data }) => data[0]) };
}

/** A scalar [] for each name. */
export function scalarSpecs(names: readonly string[]): Record<string, ArraySpec> {
  return Object.fromEntries(names.map((name) => [name, { shape: [], dtype: "float32" }]));
}

/** Numbers as scalars [] float32. */
export function hostScalars(values: Named<number>): Record<string, HostArray> {
  return mapValues(values, (value) => float32([], [value]));
}

/** The mean of several reports, part by part. */
export function meanReport(reports: readonly LossReport[]): LossReport {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const parts = mapValues(reports[0].parts, (_, name) => mean(reports.map((report) => report.parts[name])));
  return { loss: mean(reports.map(({ loss }) => loss)), parts };
}
