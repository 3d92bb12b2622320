/**
 * Sinks: patches that draw attention whatever is asked (Kang et al., "See What You Are Told", arXiv 2503.03321: the same image
 * tokens for every token of the text; Gu et al., arXiv 2410.10781: counted by head, above a fixed share). People take them for
 * a bug, and they are no evidence: that moves with the question.
 */

/** A patch draws more than its share in a head where that gives it so many times the even share, 1 / N. */
export const sinkFactor = 5;
/** In so many of the heads of all layers. */
export const sinkHeads = 0.5;
/** For so many of the tokens: evidence draws as much for some of them. */
export const sinkTokens = 0.9;

/** A token's attention over the image: its heads by layer, [N] each, sum 1. */
export interface HeadMaps {
  readonly layers: readonly { readonly heads: readonly Float32Array[] }[];
}

/**
 * Patches to which nine in ten of the tokens (of question and answer) give at least 5 / N of what they give to the image, each
 * in at least half of the heads of all layers. In row order; usually none or a few.
 */
export function sinkPatches(tokens: readonly HeadMaps[], factor = sinkFactor): number[] {
  const size = tokens[0]?.layers[0]?.heads[0]?.length ?? 0;
  const counts = new Uint32Array(size);
  for (const { layers } of tokens) {
    const heads = layers.flatMap((layer) => layer.heads);
    for (let n = 0; n < size; n++) if (drawsMuch(heads, n, factor / size)) counts[n]++;
  }
  return [...counts.keys()].filter((n) => counts[n] >= sinkTokens * tokens.length);
}

function drawsMuch(heads: readonly Float32Array[], n: number, least: number): boolean {
  let drawn = 0;
  for (const head of heads) if (head[n] >= least) drawn++;
  return drawn >= sinkHeads * heads.length;
}
