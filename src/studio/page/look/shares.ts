/** Where one layer's attention goes, as shares of all of it: the picture, of that the target and the sinks, and text. */
import type { AttentionLayer } from "../../../lens/attention.ts";

/** Parts of the whole attention; sinks and target are parts of `image` and may overlap. */
export interface Shares {
  readonly image: number;
  readonly text: number;
  readonly target?: number;
  readonly sinks?: number;
}

/** Of the mean of a layer's heads, or of one head (from 1). */
export function sharesOf(
  layer: AttentionLayer,
  {
    head,
    target,
    sinks,
  }: { readonly head?: number; readonly target?: ArrayLike<number>; readonly sinks?: readonly number[] },
): Shares {
  const [map, image] = mapOf(layer, head);
  return {
    image,
    text: Math.max(0, 1 - image),
    ...(target !== undefined && { target: image * onTarget(map, target) }),
    ...(sinks !== undefined && { sinks: image * sinks.reduce((sum, n) => sum + map[n], 0) }),
  };
}

/** The map that is shown of a layer, and the share of its attention that lies on the image. */
export function mapOf(
  { map, share, heads, headShares }: AttentionLayer,
  head: number | undefined,
): readonly [map: Float32Array, share: number] {
  const one = head === undefined ? undefined : heads[head - 1];
  return one === undefined || head === undefined ? [map, share] : [one, headShares[head - 1]];
}

/** What lies on the covered part of patches: a patch that is half covered counts by half. */
function onTarget(map: Float32Array, target: ArrayLike<number>): number {
  return map.reduce((sum, value, n) => sum + value * target[n], 0);
}
