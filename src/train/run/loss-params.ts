/** Parameters that belong to losses, a learnt temperature say: trained beside the model's, and no part of its folder. */
import type { HostArray } from "../../engine/host.ts";
import type { WeightedLoss } from "../../losses/total.ts";
import { initParam, type ParamSpec } from "../../nn/init.ts";
import { type Named, split } from "../step/trees.ts";

/** Those of all losses, by the names that training has for them. */
export function lossParamSpecs(losses: readonly WeightedLoss[]): Named<ParamSpec> {
  return Object.assign({}, ...losses.map(({ params }) => params));
}

/** Their values at the start. */
export function startLossParams(losses: readonly WeightedLoss[], seed: number | string): Named<HostArray> {
  const specs = Object.entries(lossParamSpecs(losses));
  return Object.fromEntries(specs.map(([name, spec]) => [name, initParam(spec, seed, name)]));
}

/** What is trained, in two: the model's, and the losses'. */
export function apartFromLosses<A>(
  trained: Named<A>,
  losses: readonly WeightedLoss[],
): { model: Named<A>; lossParams: Named<A> } {
  const specs = lossParamSpecs(losses);
  const [lossParams, model] = split(trained, (name) => Object.hasOwn(specs, name));
  return { model, lossParams };
}
