/**
 * How much of each patch's own content is left with depth, without knowing what the picture shows. N image tokens of the
 * grid, L decoder layers, V vocabulary.
 */
import type { RgbImage } from "../common/image.ts";
import { indicator, type NdArray, np } from "../engine/array.ts";
import { float32, type HostArray, release } from "../engine/host.ts";
import type { VlmParams } from "../models/contract/parts.ts";
import { runOn, type Vlm } from "../vlm/open.ts";
import { statesOf } from "./image-states.ts";
import { vocabularyInformation } from "./vocabulary.ts";

/** What is left of the patches' own content at one layer. */
export interface LocalityLayer {
  /** 0 = decoder input, l = after decoder layer l. */
  readonly layer: number;
  /**
   * Bits that the word of a patch, by the logit lens, tells of the patch that says it: with p_n the word's distribution at
   * patch n, H(mean of p_n) - mean of H(p_n), the mutual information of word and patch (their Jensen-Shannon divergence). 0
   * where all patches say the same, log2 N at most.
   */
  readonly information: number;
  /**
   * Share of the patches whose state is nearer to their own input than to any other patch's: cosines of states less their
   * mean over the patches (token identifiability: Brunner et al., arXiv 1908.04211, by the nearest neighbour). 1 / N by
   * chance, 1 at layer 0.
   */
  readonly identity: number;
}

/** {@link LocalityLayer} at every layer, the decoder's input first. */
export async function localityByLayer(model: Vlm, image: RgbImage): Promise<LocalityLayer[]> {
  const { states, display } = await statesOf(model, image);
  const own = states.map((state) => rowsOf(state, display.tokens));
  for (const state of states) release(state);
  const identity = await runOn<HostArray[]>(model, "patch identity", identities, [own]);
  const layers: LocalityLayer[] = [];
  for (const [layer, state] of own.entries()) {
    const fn = (params: VlmParams, x: NdArray) => {
      const head = model.family.head(params);
      return vocabularyInformation(head.norm(x), head);
    };
    const { data } = await runOn<HostArray>(model, "patch information", fn, [state]);
    layers.push({
      layer,
      information: Math.max(0, data[0] / Math.LN2),
      identity: identity[layer].data[0],
    });
  }
  return layers;
}

function rowsOf({ data, shape: [, D] }: HostArray, rows: readonly number[]): HostArray<"float32"> {
  const chosen = float32([rows.length, D]);
  for (const [i, row] of rows.entries())
    chosen.data.set((data as Float32Array).subarray(row * D, (row + 1) * D), i * D);
  return chosen;
}

/** States of all layers [N, D] -> for each, the share of rows that are nearest to their own row of the first, []. */
function identities(_: VlmParams, states: readonly NdArray[]): NdArray[] {
  const first = directions(states[0]);
  return states.map((state) => {
    const own = directions(state);
    const likeness = np.sum(np.multiply(own, first), -1);
    const best = np.max(np.matmul(own, np.transpose(first)), -1);
    // The same product in another order of sums is not the same to the last bit.
    return np.mean(indicator(np.greaterEqual(np.add(likeness, 1e-5), best), likeness));
  });
}

/** Rows less their mean, of length 1. */
function directions(x: NdArray): NdArray {
  const centred = np.subtract(x, np.mean(x, 0, { keepdims: true }));
  const squares = np.sum(np.multiply(centred, centred), -1, { keepdims: true });
  return np.divide(centred, np.sqrt(np.add(squares, 1e-12)));
}
