/**
 * Dropout of adapters' inputs from little noise: uniform numbers u for each token and v for each feature, and an
 * input is dropped where the fraction of u + v is below the share. For one token these are independent draws, one
 * for each feature; of two tokens, every pair of draws is independent. So M adapters of B x S tokens and I
 * features need M (B S + I) numbers rather than M B S I.
 */
import { random } from "../../common/random.ts";
import { type NdArray, np, slice } from "../../engine/array.ts";
import { float32, type HostArray } from "../../engine/host.ts";

/** Uniform in [0, 1), new in every step; M adapters, I the most inputs that one has. */
export interface Noise<A> {
  /** [M, B, S] */
  readonly adapterTokens: A;
  /** [M, I] */
  readonly adapterFeatures: A;
}

export function makeNoise(
  sizes: {
    readonly adapters: number;
    readonly batch: number;
    readonly length: number;
    readonly inputs: number;
  },
  seeds: readonly (number | string)[],
): Noise<HostArray> {
  const { adapters: M, batch: B, length: S, inputs: I } = sizes;
  const source = random("adapter dropout", ...seeds);
  const draw = (shape: readonly number[]) => {
    const array = float32(shape);
    for (let i = 0; i < array.data.length; i++) array.data[i] = source.uniform();
    return array;
  };
  return { adapterTokens: draw([M, B, S]), adapterFeatures: draw([M, I]) };
}

/** [B, S, inputs]: 0 where the input of adapter `index` is dropped, else 1 / (1 - share). */
export function dropoutMask(
  { adapterTokens, adapterFeatures }: Noise<NdArray>,
  index: number,
  inputs: number,
  share: number,
): NdArray {
  const [, B, S] = adapterTokens.shape;
  const u = np.reshape(slice(adapterTokens, 0, index, index + 1), [B, S, 1]);
  const v = np.reshape(slice(slice(adapterFeatures, 0, index, index + 1), 1, 0, inputs), [1, 1, inputs]);
  const sum = np.add(u, v);
  const fraction = np.where(np.less(sum, 1), sum, np.subtract(sum, 1));
  return np.where(np.less(fraction, share), 0, 1 / (1 - share));
}
