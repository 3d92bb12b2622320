/** The two compiled functions of generation: over whole prompts, and over one new token a row. */
import { type NdArray, np } from "../../engine/array.ts";
import { mergeHeads, oneHotPositions } from "../../nn/attention.ts";
import type { KnockOutArrays } from "../../nn/knock-out.ts";
import type { PromptReading } from "../contract/generation.ts";
import type { VlmParams } from "../contract/parts.ts";
import type { DecoderConfig } from "../decoder/config.ts";
import { type KeptLayer, type LayerCache, windowsOf } from "../decoder/layer.ts";
import { decoderStep } from "../decoder/layers.ts";
import { rotaryByName } from "../decoder/rotary.ts";
import {
  type Activations,
  type Architecture,
  activations,
  attentionsOf,
  byWindow,
  embedText,
  imageRow,
  knockedOut,
  lastHidden,
  queryPatterns,
  unembed,
} from "../forward/pass.ts";
import type { ImageLayout, ModelInputs } from "../inputs/inputs.ts";
import { imageColumns } from "../inputs/layout.ts";

/** What a pass of generation gives: B rows with R slots for prompts each, N = B R, H heads, I image tokens. */
export interface Prediction<A = NdArray> {
  /** What is read of the logits after each slot's last token. */
  readonly said: Said<A>;
  /** What each layer keeps of the new tokens, in the forms of its kind: see `openCache` and `keepNewest`. */
  readonly layers: readonly LayerCache<A>[];
  /** [N, H, 1, I] for each layer with attention: of the last tokens over the image; empty unless asked for. */
  readonly imageAttention: readonly A[];
  /** What else was read, see `PromptReading`; empty unless asked for. */
  readonly read: readonly A[];
}

/** Logits as they are, [N, V]; or the first of the largest, [N], and their sum, which is no number where one of them is none. */
export type Said<A = NdArray> = { readonly logits: A } | { readonly best: A; readonly sum: A };

/** What of the logits a caller needs: only the most probable token, or all of them. */
export type SaidForm = "best" | "logits";

function saidOf(form: SaidForm, logits: NdArray): Said {
  if (form === "logits") return { logits };
  return { best: np.argmax(logits, -1), sum: np.sum(logits, -1) };
}

/** What a pass gives beside its layers. */
export interface PassForm {
  readonly said: SaidForm;
  /** Whether attention over the image is asked for. */
  readonly imageAttention: boolean;
}

/** What the pass over whole prompts is given beside them. */
export interface PrefillMore<A = NdArray> {
  readonly knockOut?: KnockOutArrays<A>;
  /** Of {@link PromptReading}. */
  readonly read?: readonly A[];
}

/** The pass over whole prompts, with the last position of each of a row's R prompts [B, R]: a prediction for N = B R. */
export function makePrefill<P extends VlmParams, C>(
  architecture: Architecture<P, C>,
  layout: ImageLayout,
  { said, imageAttention }: PassForm,
  reading?: PromptReading,
) {
  return (
    params: P,
    inputs: ModelInputs,
    lastPositions: NdArray,
    { knockOut, read = [] }: PrefillMore,
  ): Prediction => {
    const pass = activations(architecture, params, inputs, layout, { knockOut });
    const oneHot = oneHotPositions(lastPositions, inputs.inputIds.shape[1]);
    const patterns = queryPatterns(pass, oneHot);
    const last = np.einsum("brs,bsd->brd", oneHot, lastHidden(pass));
    return {
      said: saidOf(said, flatRows(unembed(architecture.decoder, params, last))),
      layers: pass.layers.map(({ cache }) => cache(oneHot)),
      imageAttention: imageAttention
        ? patterns.map((pattern) => bySlot(imageColumns(pattern, 3, layout)))
        : [],
      read: reading?.read(params, imageStates(pass, layout), read) ?? [],
    };
  };
}

/** What a step sees: for each window of the layers which of the cache's C columns, [N, C], and the cache. */
export interface StepCache<A = NdArray> {
  readonly masks: readonly A[];
  readonly layers: readonly KeptLayer<A>[];
  /** Of the new token and the cache's columns: queries [N, 1], keys [N, C]; absent: nothing is knocked out. */
  readonly knockOut?: KnockOutArrays<A>;
}

/** The pass over one new token a slot, after what the cache holds. */
export function makeStep<P extends VlmParams, C>(
  architecture: Architecture<P, C>,
  layout: ImageLayout,
  { said, imageAttention }: PassForm,
) {
  const { decoder } = architecture;
  return (
    params: P,
    { inputIds, positionIds }: Pick<ModelInputs, "inputIds" | "positionIds">,
    cache: StepCache,
  ): Prediction => {
    const { embedTokens, layers } = params.languageModel;
    const windows = windowsOf(decoder.layers);
    const context = {
      mask: byWindow(cache.masks.map((mask, i) => [windows[i], withColumn(mask)])),
      rotary: rotaryByName(decoder.rotary, positionIds),
      ...stepKnockOut(decoder, cache.knockOut, layout),
    };
    const embedded = embedText(decoder, embedTokens.weight, inputIds);
    const results = decoderStep(decoder.layers, layers, embedded, context, cache.layers);
    return {
      said: saidOf(said, flatRows(unembed(decoder, params, results[results.length - 1].hidden))),
      layers: results.map((result) => result.cache),
      imageAttention: !imageAttention
        ? []
        : attentionsOf(results).map(({ pattern }) => imageColumns(mergeHeads(pattern), 3, layout)),
      read: [],
    };
  };
}

/** -> L + 1 arrays [B, N, D] */
function imageStates({ embedded, layers }: Activations, layout: ImageLayout): NdArray[] {
  return [embedded, ...layers.map(({ hidden }) => hidden)].map((hidden) => imageColumns(hidden, 1, layout));
}

/** What is knocked out for a new token, which sees itself. */
function stepKnockOut(decoder: DecoderConfig, arrays: KnockOutArrays | undefined, layout: ImageLayout) {
  if (arrays === undefined) return {};
  const keys = np.reshape(withColumn(arrays.keys), [arrays.keys.shape[0], -1]);
  const image = imageRow(layout, keys.shape[1]);
  return knockedOut(decoder, { ...arrays, keys }, { image, whole: false });
}

/** [B, H, R, I] -> [B R, H, 1, I] */
function bySlot(rows: NdArray): NdArray {
  const [B, H, R, I] = rows.shape;
  return np.reshape(np.transpose(rows, [0, 2, 1, 3]), [B * R, H, 1, I]);
}

/** [B, C] -> [B, 1, 1, 1, C + 1]: the new token sees itself. */
function withColumn(mask: NdArray): NdArray {
  const [B, C] = mask.shape;
  const wider = np.pad(mask, [
    [0, 0],
    [0, 1],
  ]);
  return np.reshape(wider, [B, 1, 1, 1, C + 1]);
}

/** [B, R, V] -> [B R, V] */
const flatRows = (x: NdArray) => np.reshape(x, [x.shape[0] * x.shape[1], x.shape[2]]);
