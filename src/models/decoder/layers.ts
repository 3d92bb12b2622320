/** A decoder's layers one after the other, over whole rows or over one new token a row. */
import type { NdArray } from "../../engine/array.ts";
import type {
  KeptLayer,
  LayerContext,
  LayerKind,
  LayerParams,
  RowPart,
  RowsContext,
  RowsResult,
  StepResult,
} from "./layer.ts";

/** An array for each layer, counted from 0, or none. */
export type ByLayer = (layer: number) => NdArray | undefined;

/** What layers do not share. */
interface OwnParts {
  /** See `LayerContext.knockedOut`. */
  readonly knockOut?: ByLayer;
  /** See `LayerContext.patternOffset`. */
  readonly offsets?: ByLayer;
}

/** What a pass over whole rows gives its layers. */
export interface DecoderContext extends RowsContext, OwnParts {
  /** Changes the hidden states [B, S, D] between layers; `layer` counts from 0. */
  readonly after?: (hidden: NdArray, layer: number) => NdArray;
  /** The rows of the last layer that are read; absent: all. */
  readonly last?: SomeRows;
}

/** Parts of a layer's rows, and how what it makes of them becomes [B, S, D] again: zeros where nothing was computed. */
export interface SomeRows {
  readonly parts: readonly RowPart[];
  spread(rows: NdArray): NdArray;
}

/** What a pass over one new token gives its layers. */
export interface StepContext extends LayerContext, OwnParts {}

/** One layer's context: what is shared, and its own. */
function contextAt<C extends LayerContext & OwnParts>(context: C, layer: number): C {
  const [knockedOut, patternOffset] = [context.knockOut?.(layer), context.offsets?.(layer)];
  if (knockedOut === undefined && patternOffset === undefined) return context;
  return { ...context, knockedOut, patternOffset };
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
    const last = i === layers.length - 1 ? context.last : undefined;
    const result = rowsOf(kinds[i], layer, hidden, contextAt(context, i), last);
    hidden = context.after === undefined ? result.hidden : context.after(result.hidden, i);
    results.push({ ...result, hidden });
  }
  return results;
}

function rowsOf(
  kind: LayerKind,
  layer: LayerParams,
  hidden: NdArray,
  context: RowsContext,
  some: SomeRows | undefined,
): RowsResult {
  const result = some && kind.someRows?.(layer, hidden, context, some.parts);
  if (some === undefined || result === undefined) return kind.rows(layer, hidden, context);
  return { ...result, hidden: some.spread(result.hidden) };
}

/** Over one new token of each prompt, [N, 1, D], after what each layer's cache holds. */
export function decoderStep(
  kinds: readonly LayerKind[],
  layers: readonly LayerParams[],
  embedded: NdArray,
  context: StepContext,
  caches: readonly KeptLayer[],
): StepResult[] {
  const results: StepResult[] = [];
  let hidden = embedded;
  for (const [i, layer] of layers.entries()) {
    const result = kinds[i].step(layer, hidden, contextAt(context, i), caches[i]);
    hidden = result.hidden;
    results.push(result);
  }
  return results;
}
