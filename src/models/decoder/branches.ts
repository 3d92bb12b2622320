/** What stands around a layer's mixing of tokens, whatever that is: norms, two sums, and a gated MLP. */
import { type NdArray, np } from "../../engine/array.ts";
import { type ActivationName, activate } from "../../nn/activation.ts";
import { constant, type ParamSpec } from "../../nn/init.ts";
import { type LinearParams, linear, linearSpec } from "../../nn/linear.ts";
import { type RmsNormParams, rmsNorm, rmsNormSpec } from "../../nn/norm.ts";

/** A decoder's kind of root-mean-square norm. */
export interface NormRule {
  readonly epsilon: number;
  /** Whether it scales by 1 + weight (Gemma); default false. */
  readonly addOne?: boolean;
}

/** Norms and MLP of one kind of layer. */
export interface BranchRecipe {
  /** D */
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly hiddenAct: ActivationName;
  readonly mlpBias: boolean;
  readonly norm: NormRule;
  /** Whether what attention and the MLP give is normed once more before it is added (Gemma 2); default false. */
  readonly branchNorms?: boolean;
  readonly initializerRange: number;
}

/** The names are those of Hugging Face's tensors in camelCase. */
export interface BranchParams<A = NdArray> {
  readonly inputLayernorm: RmsNormParams<A>;
  /** Before the MLP; with `branchNorms` after attention. */
  readonly postAttentionLayernorm: RmsNormParams<A>;
  /** With `branchNorms` only: before and after the MLP. */
  readonly preFeedforwardLayernorm?: RmsNormParams<A>;
  readonly postFeedforwardLayernorm?: RmsNormParams<A>;
  readonly mlp: {
    readonly gateProj: LinearParams<A>;
    readonly upProj: LinearParams<A>;
    readonly downProj: LinearParams<A>;
  };
}

/** Specs with those of a mixer, by its name, in their place among them: behind the first norm. */
export function branchSpecs<Mixer extends object>(
  recipe: BranchRecipe,
  mixer: Mixer,
): BranchParams<ParamSpec> & Mixer {
  const { hiddenSize: D, intermediateSize: F, norm, initializerRange: std } = recipe;
  const mlp = { std, bias: recipe.mlpBias };
  return {
    inputLayernorm: normSpec(norm, D),
    ...mixer,
    postAttentionLayernorm: normSpec(norm, D),
    ...(recipe.branchNorms && {
      preFeedforwardLayernorm: normSpec(norm, D),
      postFeedforwardLayernorm: normSpec(norm, D),
    }),
    mlp: {
      gateProj: linearSpec(D, F, mlp),
      upProj: linearSpec(D, F, mlp),
      downProj: linearSpec(F, D, { ...mlp, place: "branch-end" }),
    },
  };
}

/** A norm that starts by leaving the scale as it is. */
export function normSpec({ addOne = false }: NormRule, size: number): RmsNormParams<ParamSpec> {
  return addOne ? { weight: constant("norm", [size], 0) } : rmsNormSpec(size);
}

/** The decoder's own kind of norm. */
export function decoderNorm(
  { epsilon, addOne = false }: NormRule,
  { weight }: RmsNormParams,
  x: NdArray,
): NdArray {
  return rmsNorm({ weight: addOne ? np.add(weight, 1) : weight }, x, epsilon);
}

/** x plus what the mixer gave, plus what the MLP makes of that: [B, S, D]. */
export function withBranches(
  recipe: BranchRecipe,
  params: BranchParams,
  x: NdArray,
  mixed: NdArray,
): NdArray {
  const { norm } = recipe;
  const { postAttentionLayernorm, preFeedforwardLayernorm, postFeedforwardLayernorm, mlp } = params;
  if (preFeedforwardLayernorm === undefined || postFeedforwardLayernorm === undefined) {
    const middle = np.add(x, mixed);
    return np.add(middle, gatedMlp(recipe, mlp, decoderNorm(norm, postAttentionLayernorm, middle)));
  }
  const middle = np.add(x, decoderNorm(norm, postAttentionLayernorm, mixed));
  const changed = gatedMlp(recipe, mlp, decoderNorm(norm, preFeedforwardLayernorm, middle));
  return np.add(middle, decoderNorm(norm, postFeedforwardLayernorm, changed));
}

function gatedMlp({ hiddenAct }: BranchRecipe, mlp: BranchParams["mlp"], x: NdArray): NdArray {
  const gate = activate(hiddenAct, linear(mlp.gateProj, x));
  return linear(mlp.downProj, np.multiply(gate, linear(mlp.upProj, x)));
}
