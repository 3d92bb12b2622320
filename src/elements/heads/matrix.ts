/** A matrix of shares, layers by heads: which head is meant, the strongest, and what is said of one. */
import { formatShare } from "../../lens/scale.ts";

/** A head by the numbers that people read: layers as the model counts them, heads from 1. */
export interface Head {
  readonly layer: number;
  readonly head: number;
}

export function isSame(a: Head | undefined, b: Head | undefined): boolean {
  return a !== undefined && b !== undefined && a.layer === b.layer && a.head === b.head;
}

export function includes(heads: readonly Head[] | undefined, head: Head): boolean {
  return heads?.some((one) => isSame(one, head)) ?? false;
}

/** The head with the largest share; the first of several alike. */
export function strongest(shares: readonly ArrayLike<number>[], layers: readonly number[]): Head | undefined {
  let best: { share: number; head: Head } | undefined;
  for (const [row, layer] of layers.entries())
    for (let h = 0; h < (shares[row]?.length ?? 0); h++)
      if (best === undefined || shares[row][h] > best.share)
        best = { share: shares[row][h], head: { layer, head: h + 1 } };
  return best?.head;
}

/** "layer 3, head 2: 64 % on the image, looks at a sink" */
export function headText(
  { layer, head }: Head,
  share: number,
  { what, isSink, isStruck }: { readonly what: string; readonly isSink: boolean; readonly isStruck: boolean },
): string {
  const notes = [isSink ? ", mostly on a sink" : "", isStruck ? ", struck out" : ""].join("");
  return `layer ${layer}, head ${head}: ${formatShare(share)} ${what}${notes}`;
}

/** Every how many heads a number stands above its column, so that numbers do not touch. */
export function numberStep(heads: number, width: number): number {
  const column = width / Math.max(1, heads);
  return [1, 2, 4, 8, 16, 32].find((step) => step * column >= 16) ?? 64;
}
