import { float32, type HostArray, int32 } from "../engine/host.ts";
import { fewSizes } from "../models/inputs/padding.ts";
import { type Runnable, runOn } from "../vlm/open.ts";
import { readStates } from "./traced.ts";
import type { VocabularyReadings, Wanted } from "./vocabulary.ts";

/** What the lens says of one hidden state. */
export interface Reading {
  /** Of each token asked for. */
  readonly logits: Float32Array;
  /** Of each token asked for, 1 for the likeliest of the vocabulary; empty unless wanted. */
  readonly ranks: Float32Array;
  /** log Σ exp of all logits; NaN unless wanted. */
  readonly logSumExp: number;
  /** The likeliest tokens, likeliest first. */
  readonly top: readonly { readonly id: number; readonly logit: number }[];
}

export interface ReadingOptions extends Wanted {
  readonly ids: readonly number[];
  /** Whether the model's final norm comes before its unembedding. */
  readonly norm: boolean;
}

/** States read at once. Several layers go together, because each pass over the vocabulary costs as much. */
const rowsAtOnce = 2048;

/**
 * Reads layers of hidden states [N, D] at some of their rows: one list of readings for each layer. Beside the
 * states only blocks of the vocabulary are in memory (see vocabulary.ts).
 */
export async function readLayers(
  model: Runnable,
  states: readonly HostArray[],
  rows: readonly number[],
  { ids, norm, ...wanted }: ReadingOptions,
): Promise<Reading[][]> {
  const places = states.flatMap((_, layer) => rows.map((row) => ({ layer, row })));
  const readings: Reading[] = [];
  // Programs have no empty arrays: where no token is asked for, some token's column is read in vain.
  const tokens = int32([Math.max(1, ids.length)], ids.length > 0 ? ids : [0]);
  const fn = readStates(model, norm, wanted);
  const room = new Float32Array(Math.min(places.length, rowsAtOnce) * states[0].shape[1]);
  for (let start = 0; start < places.length; start += rowsAtOnce) {
    const hidden = rowsOf(states, places.slice(start, start + rowsAtOnce), room);
    const kind = `lens ${JSON.stringify({ norm, ...wanted })}`;
    const made = await runOn<VocabularyReadings<HostArray>>(model, kind, fn, [hidden, tokens]);
    for (let r = 0; r < hidden.shape[0]; r++) readings.push(readingAt(made, r));
  }
  return states.map((_, layer) => readings.slice(layer * rows.length, (layer + 1) * rows.length));
}

/** A list made longer by its last entry, so that lists of a few lengths stand for all and few programs read them. */
export function inFewSizes(list: readonly number[]): number[] {
  if (list.length === 0) return [];
  return [...list, ...new Array<number>(fewSizes(list.length) - list.length).fill(list[list.length - 1])];
}

/** The rows at these places, written into `room`. */
function rowsOf(
  states: readonly HostArray[],
  places: readonly { readonly layer: number; readonly row: number }[],
  room: Float32Array,
): HostArray<"float32"> {
  const D = states[0].shape[1];
  const chosen = float32([places.length, D], room.subarray(0, places.length * D));
  for (const [i, { layer, row }] of places.entries()) {
    chosen.data.set((states[layer].data as Float32Array).subarray(row * D, (row + 1) * D), i * D);
  }
  return chosen;
}

function readingAt({ logits, logSumExp, ranks, top }: VocabularyReadings<HostArray>, r: number): Reading {
  const candidates = top && rowAt(top.candidates, r);
  const best = top && rowAt(top.logits, r);
  return {
    logits: rowAt(logits, r) as Float32Array,
    ranks: ranks === undefined ? new Float32Array() : (rowAt(ranks, r) as Float32Array),
    logSumExp: logSumExp?.data[r] ?? Number.NaN,
    top: Array.from(top ? rowAt(top.places, r) : [], (place, i) => ({
      id: candidates?.[place] as number,
      logit: best?.[i] as number,
    })),
  };
}

function rowAt({ shape, data }: HostArray, r: number) {
  return data.slice(r * shape[1], (r + 1) * shape[1]);
}
