/** The model of the step benchmark, the same as `peer.py`: 8.9 M parameters, 256 image and 32 text tokens. */
import { type NdArray, np, slice, take, valueAndGrad } from "../../../src/engine/array.ts";
import type { ArraySpec } from "../../../src/engine/host.ts";
import { activate } from "../../../src/nn/activation.ts";
import { attend } from "../../../src/nn/attention.ts";
import { linear } from "../../../src/nn/linear.ts";
import { rmsNorm } from "../../../src/nn/norm.ts";
import { logSoftmax } from "../../../src/nn/softmax.ts";
import { adamw, type Moments, type StepScalars } from "../../../src/train/step/optimiser.ts";
import type { Named } from "../../../src/train/step/trees.ts";

/** Sizes of one run. */
export interface Sizes {
  readonly batch: number;
  readonly imageTokens: number;
  readonly textTokens: number;
  readonly patchInputs: number;
  readonly vision: Tower;
  readonly decoder: Tower;
  readonly vocabulary: number;
}

interface Tower {
  readonly width: number;
  readonly heads: number;
  readonly layers: number;
}

export const sizes: Readonly<Record<"full" | "small", Sizes>> = {
  full: {
    batch: 8,
    imageTokens: 256,
    textTokens: 32,
    patchInputs: 192,
    vision: { width: 192, heads: 3, layers: 4 },
    decoder: { width: 256, heads: 4, layers: 6 },
    vocabulary: 512,
  },
  // The size that learns the emoji scenes in an hour.
  small: {
    batch: 48,
    imageTokens: 64,
    textTokens: 12,
    patchInputs: 192,
    vision: { width: 128, heads: 4, layers: 3 },
    decoder: { width: 128, heads: 4, layers: 4 },
    vocabulary: 128,
  },
};

type Params = Named<NdArray>;

/** [batch, ...] pixels, ids, next ids, the target attention over image tokens; an additive mask [T, T]. */
export interface Batch<A> {
  readonly pixels: A;
  readonly ids: A;
  readonly next: A;
  readonly attention: A;
  readonly mask: A;
}

export const optimiser = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.01, decays: () => true };

export function paramSpecs(size: Sizes): Named<ArraySpec> {
  const { vision, decoder, imageTokens, patchInputs, vocabulary } = size;
  const specs: Record<string, ArraySpec> = {};
  const add = (name: string, ...shape: number[]) => {
    specs[name] = { dtype: "float32", shape };
  };
  add("patch", vision.width, patchInputs);
  add("position", imageTokens, vision.width);
  add("project", decoder.width, vision.width);
  add("embed", vocabulary, decoder.width);
  add("norm", decoder.width);
  for (const [room, { width, layers }] of Object.entries({ vision, decoder })) {
    for (let i = 0; i < layers; i++) {
      const at = (name: string) => `${room}.${i}.${name}`;
      for (const name of ["query", "key", "value", "out"]) add(at(name), width, width);
      for (const name of ["up", "gate"]) add(at(name), 4 * width, width);
      add(at("down"), width, 4 * width);
      for (const name of ["norm1", "norm2"]) add(at(name), width);
    }
  }
  return specs;
}

function layer(p: Params, room: string, tower: Tower, x: NdArray, mask?: NdArray) {
  const weight = (name: string) => ({ weight: p[`${room}.${name}`] });
  const [B, S, D] = x.shape;
  const K = D / tower.heads;
  const normed = rmsNorm(weight("norm1"), x, 1e-6);
  const heads = (name: string, shape: number[]) => np.reshape(linear(weight(name), normed), shape);
  const { pattern, mixed } = attend(
    {
      query: heads("query", [B, S, tower.heads, 1, K]),
      key: heads("key", [B, S, tower.heads, K]),
      value: heads("value", [B, S, tower.heads, K]),
    },
    mask,
  );
  const middle = np.add(x, linear(weight("out"), mixed));
  const inner = rmsNorm(weight("norm2"), middle, 1e-6);
  const gated = np.multiply(activate("silu", linear(weight("gate"), inner)), linear(weight("up"), inner));
  return { hidden: np.add(middle, linear(weight("down"), gated)), pattern };
}

/** Next-token loss plus the mean over layers of the cross-entropy of the last query's attention. */
function loss(size: Sizes, p: Params, batch: Batch<NdArray>): NdArray {
  const { imageTokens: N, textTokens, vision, decoder } = size;
  let x = np.add(linear({ weight: p.patch }, batch.pixels), p.position);
  for (let i = 0; i < vision.layers; i++) x = layer(p, `vision.${i}`, vision, x).hidden;
  x = np.concatenate([linear({ weight: p.project }, x), take(p.embed, batch.ids)], 1);
  const maps: NdArray[] = [];
  for (let i = 0; i < decoder.layers; i++) {
    const { hidden, pattern } = layer(p, `decoder.${i}`, decoder, x, batch.mask);
    x = hidden;
    maps.push(attentionLoss(pattern, batch.attention, N));
  }
  const last = slice(rmsNorm({ weight: p.norm }, x, 1e-6), 1, N, N + textTokens);
  const logits = logSoftmax(linear({ weight: p.embed }, last));
  const wanted = np.equal(np.expandDims(batch.next, -1), np.arange(size.vocabulary));
  const next = np.negative(np.sum(np.where(wanted, logits, 0)));
  const both = np.divide(maps.reduce(np.add), size.batch * decoder.layers);
  return np.add(np.divide(next, size.batch * textTokens), both);
}

/** Pattern [B, H, 1, S, S] against targets [B, N]. */
function attentionLoss(pattern: NdArray, target: NdArray, imageTokens: number): NdArray {
  const S = pattern.shape[3];
  const row = slice(slice(np.mean(pattern, [1, 2]), 1, S - 1, S), 2, 0, imageTokens);
  const map = np.reshape(row, target.shape);
  const share = np.divide(map, np.add(np.sum(map, -1, { keepdims: true }), 1e-8));
  return np.negative(np.sum(np.multiply(target, np.log(np.add(share, 1e-8)))));
}

export interface State<A> {
  readonly params: Named<A>;
  readonly moments: Moments<A>;
}

/** One step as a function of state, batch and the optimiser's scalars: the new state and the loss. */
export function makeStep(size: Sizes) {
  return (state: State<NdArray>, batch: Batch<NdArray>, scalars: StepScalars<NdArray>) => {
    const value = (p: Params): [NdArray, object] => [loss(size, p, batch), {}];
    const [[total], gradients] = valueAndGrad(value)(state.params);
    return [adamw(state.params, gradients, state.moments, scalars, optimiser), total];
  };
}
