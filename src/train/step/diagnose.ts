/** What went wrong first in a step that is not finite. */
import type { NdArray } from "../../engine/array.ts";
import { compile } from "../../engine/compile.ts";
import type { ConstantArray, HostArray } from "../../engine/host.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import type { Batch } from "../../losses/batch.ts";
import type { ImageLayout } from "../../models/inputs/inputs.ts";
import { type ByLayout, type ShapedBatch, shapedPrograms } from "../batches/shapes.ts";
import type { Probe } from "./objective.ts";
import { differentiate, type Objective } from "./step.ts";
import type { Named } from "./trees.ts";

export interface BadStep {
  readonly objective: ByLayout<Objective<never>>;
  readonly probe: ByLayout<Probe>;
  /** Trained parameters before the step. */
  readonly params: Named<HostArray>;
  readonly frozen: Named<ConstantArray>;
  readonly batches: readonly ShapedBatch[];
  readonly weights: Named<HostArray>;
  readonly machine: Machine;
}

/**
 * Finds what is not finite: runs forward and backward again on the parameters before the bad step, and names
 * the first parameter, input, activation, loss or gradient with a value that is not a finite number. The
 * backward pass goes from the decoder's end to the image, so of several gradients the last in forward order is
 * named.
 */
export async function diagnose(bad: BadStep): Promise<string> {
  const { params, frozen, batches, weights } = bad;
  const parameter = firstBad({ ...params, ...inMemory(frozen) });
  if (parameter !== undefined) return `parameter ${parameter}`;
  const programs = shapedPrograms<Found<HostArray>>(({ batch, layout }) => {
    const example = [params, frozen, batch, weights];
    return compile(everything(bad, layout), example, { machine: bad.machine, frozen: [1] });
  }, 1);
  try {
    for (const made of batches) {
      const found = await programs.use(made, (program) => program.run(params, made.batch, weights));
      const named = nameOfBad(made.batch, found);
      if (named !== undefined) return named;
    }
  } finally {
    await programs.dispose();
  }
  return "gradient norm (the gradients themselves are finite)";
}

interface Found<A> {
  readonly activations: Named<A>;
  readonly parts: Named<A>;
  readonly gradients: Named<A>;
}

function everything({ objective, probe }: BadStep, layout: ImageLayout) {
  return (params: Named<NdArray>, frozen: Named<NdArray>, batch: never, weights: Named<NdArray>) => {
    const { value, gradients } = differentiate(objective(layout), params, frozen, batch, weights);
    const activations = probe(layout)({ ...params, ...frozen }, batch);
    return { activations, parts: value.parts, gradients };
  };
}

function nameOfBad(batch: Batch, { activations, parts, gradients }: Found<HostArray>): string | undefined {
  const { imageInputs, ...rest } = batch;
  const input = { ...rest, ...imageInputs };
  const stages = { input, activation: activations, loss: parts, "gradient of": backwards(gradients) };
  for (const [kind, arrays] of Object.entries(stages)) {
    const name = firstBad(arrays as Named<HostArray>);
    if (name !== undefined) return `${kind} ${name}`;
  }
  return undefined;
}

/** Those in files are as they were published. */
function inMemory(frozen: Named<ConstantArray>): Named<HostArray> {
  const entries = Object.entries(frozen).filter(([, array]) => "data" in array);
  return Object.fromEntries(entries) as Named<HostArray>;
}

function backwards<A>(record: Named<A>): Named<A> {
  return Object.fromEntries(Object.entries(record).reverse());
}

function firstBad(arrays: Named<HostArray>): string | undefined {
  return Object.entries(arrays).find(([, { data }]) => !(data as Float32Array).every(Number.isFinite))?.[0];
}
