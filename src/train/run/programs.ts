/** What a run's steps and a trainer's are computed by. */
import { mustBe } from "../../common/errors.ts";
import type { ConstantArray, HostArray } from "../../engine/host.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import type { EvidenceNeeds } from "../../losses/loss.ts";
import type { WeightedLoss } from "../../losses/total.ts";
import { decays as decaysByRole } from "../../models/contract/roles.ts";
import type { ImageLayout } from "../../models/inputs/inputs.ts";
import type { ByLayout, ShapedBatch } from "../batches/shapes.ts";
import { diagnose } from "../step/diagnose.ts";
import { type Evaluator, hostScalars, openEvaluator } from "../step/evaluator.ts";
import { type EvidenceFinder, openEvidence } from "../step/evidence.ts";
import { makeObjective, makeProbe, type Probe } from "../step/objective.ts";
import type { Objective, Report, StepOptions, TrainState } from "../step/step.ts";
import { isFiniteReport, openStepper, type Stepper } from "../step/stepper.ts";
import type { Named } from "../step/trees.ts";
import { lossParamSpecs } from "./loss-params.ts";
import type { Opened, Trainable } from "./trainable.ts";

/** The training step and the evaluation, of one objective. */
export interface TrainPrograms {
  readonly objective: ByLayout<Objective<never>>;
  readonly probe: ByLayout<Probe>;
  readonly frozen: Named<ConstantArray>;
  readonly stepper: Stepper;
  readonly evaluator: Evaluator;
  /** What batches are given before a step or an evaluation, where a loss finds its own targets. */
  readonly evidence: EvidenceFinder;
  readonly machine: Machine;
}

export interface TrainProgramOptions {
  readonly losses: readonly WeightedLoss[];
  /** Where the first step starts from. */
  readonly state: TrainState<HostArray>;
  readonly options: Omit<StepOptions, "decays">;
  readonly recompute: boolean;
  /** Batches of a step. */
  readonly accumulate: number;
  readonly machine: Machine;
}

export async function openPrograms(
  { family, frozen, build, decays }: Pick<Opened, "family"> & Pick<Trainable, "frozen" | "build" | "decays">,
  { losses, state, options, recompute, accumulate, machine }: TrainProgramOptions,
): Promise<TrainPrograms> {
  const objective = (layout: ImageLayout) => makeObjective(family, layout, losses, build);
  const probe = (layout: ImageLayout) => makeProbe(family, layout, build);
  const shared = { objective, frozen, losses: losses.map(({ name }) => name), machine };
  const evaluator = openEvaluator({ ...shared, params: state.params });
  const own = lossParamSpecs(losses);
  const decaysAny = (name: string) => (own[name] === undefined ? decays(name) : decaysByRole(own[name]));
  const stepping = { ...shared, options: { ...options, decays: decaysAny }, recompute, state };
  const stepper = await openStepper(stepping, accumulate);
  const needs = evidenceNeeds(losses);
  const evidence = openEvidence({ family, build, params: state.params, frozen, machine, needs });
  return { objective, probe, frozen, evaluator, stepper, evidence, machine };
}

/** One search serves all losses: a UserError where two ask for different ones. */
function evidenceNeeds(losses: readonly WeightedLoss[]): EvidenceNeeds | undefined {
  const asked = losses.flatMap(({ needs }) => needs.evidence ?? []);
  const other = asked.find(
    ({ passes, refresh }) => passes !== asked[0].passes || refresh !== asked[0].refresh,
  );
  if (other === undefined) return asked[0];
  const rule = `the same in all losses: ${JSON.stringify(asked[0])}`;
  throw mustBe("train", "evidence that losses ask for", rule, other);
}

/** What went wrong first in the last step, of which this is the report; undefined where all of it is finite. */
export async function notFinite(
  { objective, probe, frozen, stepper, machine }: TrainPrograms,
  report: Report<number>,
  batches: readonly ShapedBatch[],
  weights: Named<number>,
): Promise<string | undefined> {
  if (isFiniteReport(report)) return undefined;
  const { params } = await stepper.read(); // Such a step leaves them as they were.
  return diagnose({ objective, probe, params, frozen, batches, weights: hostScalars(weights), machine });
}
