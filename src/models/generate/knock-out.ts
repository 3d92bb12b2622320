/** What is knocked out of prompts, as the arrays of generation's two programs. S columns of rows of prompts, N slots, C columns of the cache. */
import { float32, type HostArray } from "../../engine/host.ts";
import type { KnockOutArrays } from "../../nn/knock-out.ts";
import type { PromptKnockOut } from "../contract/generation.ts";
import type { Cache, PromptPlaces } from "./cache.ts";

/** For the pass over whole prompts, by row: queries and keys [rows, S]. */
export function prefillKnockOut(
  { queries, keys, heads }: PromptKnockOut,
  { places, columns }: PromptPlaces,
  [rows, S]: readonly number[],
): KnockOutArrays<HostArray> {
  const marked = (tokens: readonly number[]) => {
    const result = float32([rows, S]);
    for (const [p, { row }] of places.entries())
      for (const token of tokens) result.data[row * S + columns[p][token]] = 1;
    return result;
  };
  return { queries: marked(queries), keys: marked(keys), heads };
}

/** For the pass over one new token, by slot: queries [N, 1], keys [N, C]. */
export function stepKnockOut(
  { keys, heads }: PromptKnockOut,
  { columns }: PromptPlaces,
  { slots, promptLength, room }: Pick<Cache, "slots" | "promptLength" | "room">,
): KnockOutArrays<HostArray> {
  const C = promptLength + room;
  const hidden = float32([slots.length, C]);
  for (const [slot, prompt] of slots.entries())
    if (prompt !== undefined) for (const token of keys) hidden.data[slot * C + columns[prompt][token]] = 1;
  const queries = float32([slots.length, 1]);
  queries.data.fill(1);
  return { queries, keys: hidden, heads };
}
