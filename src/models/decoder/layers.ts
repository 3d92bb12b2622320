/** A decoder's layers one after the other, over whole rows or over one new token a row. */
import type { NdArray } from "../../engine/array.ts";
import type {
  LayerCache,
  LayerContext,
  LayerKind,
  LayerParams,
  RowsContext,
  RowsResult,
  StepResult,
} from "./layer.ts";

/** What layers of whole rows share. */
export interface DecoderContext extends RowsContext {
  /** Changes the hidden states [B, S, D] between layers; `layer` counts from 0. */
  readonly after?: (hidden: NdArray, layer: number) => NdArray;
  readonly knockOut?: KnockOutByLayer;
}

/** What is knocked out of each layer, counted from 0, see `LayerContext.knockedOut`; undefined where it has no attention. */
export type KnockOutByLayer = (layer: number) => NdArray | undefined;

function contextAt<C extends LayerContext>(
  context: C,
  knockOut: KnockOutByLayer | undefined,
  layer: number,
): C {
  const knockedOut = knockOut?.(layer);
  return knockedOut === undefined ? context : { ...context, knockedOut };
}

/** What layers of one new token share. */
export interface StepContext extends LayerContext {
  readonly knockOut?: KnockOutByLayer;
}

/** Over hidden states [B, S, D] of whole rows. */
export function decoderRows(
  kinds: readonly LayerKind[],
  layers: readonly LayerParams[],
  embedded: NdArray,
  context: DecoderContext,
): RowsResult[] {
  const results: RowsResult[] = [];
  let hidden = embedded;
  for (const [i, layer] of layers.entries()) {
    const result = kinds[i].rows(layer, hidden, contextAt(context, context.knockOut, i));
    hidden = context.after === undefined ? result.hidden : context.after(result.hidden, i);
    results.push({ ...result, hidden });
  }
  return results;
}

/** Over one new token a row, [B, 1, D], after what each layer's cache holds. */
export function decoderStep(
  kinds: readonly LayerKind[],
  layers: readonly LayerParams[],
  embedded: NdArray,
  { knockOut, ...context }: StepContext,
  caches: readonly LayerCache[],
): StepResult[] {
  const results: StepResult[] = [];
  let hidden = embedded;
  for (const [i, layer] of layers.entries()) {
    const result = kinds[i].step(layer, hidden, contextAt<LayerContext>(context, knockOut, i), caches[i]);
    hidden = result.hidden;
    results.push(result);
  }
  return results;
}
