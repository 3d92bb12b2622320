import { compile } from "../engine/compile.ts";
import { type ConstantArray, float32, type HostArray } from "../engine/host.ts";
import type { Batch } from "../losses/batch.ts";
import type { Objective } from "./step.ts";
import { mapValues, type Named } from "./trees.ts";

/** A loss and its parts as numbers. */
export interface LossReport {
  readonly loss: number;
  readonly parts: Named<number>;
}

/** The losses of a batch, without a step. */
export interface Evaluator {
  evaluate(params: Named<HostArray>, batch: Batch, weights: Named<number>): Promise<LossReport>;
  dispose(): Promise<void>;
}

export interface EvaluatorOptions {
  readonly objective: Objective<never>;
  /** Trained parameters: only their shapes count. */
  readonly params: Named<HostArray>;
  /** Constants of the program. */
  readonly frozen: Named<ConstantArray>;
  /** Any batch: the program is compiled for its shapes. */
  readonly example: Batch;
  readonly weights: Named<number>;
  readonly threads: number;
}

export async function openEvaluator(options: EvaluatorOptions): Promise<Evaluator> {
  const { objective, frozen, example, threads } = options;
  const fn = (params: object, fixed: object, batch: never, weights: never) =>
    objective({ ...params, ...fixed } as never, batch, weights);
  const given = [options.params, frozen, example, hostScalars(options.weights)];
  const program = await compile<HostLoss>(fn as never, given, { threads, frozen: [1] });
  return {
    async evaluate(params, batch, weights) {
      const { loss, parts } = await program.run(params, batch, hostScalars(weights));
      return { loss: loss.data[0], parts: mapValues(parts, ({ data }) => data[0]) };
    },
    dispose: () => program.dispose(),
  };
}

interface HostLoss {
  readonly loss: HostArray;
  readonly parts: Named<HostArray>;
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
