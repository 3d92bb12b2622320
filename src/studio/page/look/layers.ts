/** Layers of models side by side: those of different depth are linked by their share of it. */

/** The layer of a model of `to` layers that stands at the same share of the depth as `layer` does of `from`. */
export function linkedLayer(layer: number, from: number, to: number): number {
  if (from === to) return Math.min(to, Math.max(0, layer));
  return Math.round((Math.min(from, Math.max(0, layer)) / from) * to);
}

/** The layer that attends and is nearest to a layer; of two, the lower one. The decoder's input attends to nothing. */
export function attendingLayer(layer: number, attending: readonly number[]): number {
  return attending.reduce(
    (best, one) => (Math.abs(one - layer) < Math.abs(best - layer) ? one : best),
    attending[0],
  );
}

/** "layer 3 of 4", "decoder input" */
export function layerText(layer: number, of: number): string {
  return layer === 0 ? `decoder input, before layer 1 of ${of}` : `layer ${layer} of ${of}`;
}

/** Said where models of different depth stand side by side. */
export function linkText(depths: readonly number[]): string | undefined {
  if (new Set(depths).size < 2) return undefined;
  return `The models have ${depths.join(" and ")} layers: those at the same share of the depth stand side by side.`;
}
