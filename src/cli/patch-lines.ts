/** What patches say and what is left with depth, as lines for people. */
import { aligned } from "../eval/summary.ts";
import { layerName, ordinal, placeText, readable } from "../lens/findings.ts";
import type { KnockOutResult } from "../lens/knocked-out.ts";
import type { LocalityLayer } from "../lens/locality.ts";
import type { PatchLayer, PatchWordsResult } from "../lens/patch-words.ts";
import { formatProbability, formatShare } from "../lens/scale.ts";

/** For each patch a table: layers downward, likeliest words across, and at the end the rank of each word that was asked for. */
export function patchLines({ patches, words }: PatchWordsResult): string[] {
  const split = words.flatMap(({ word, pieces }) =>
    pieces.length > 1 ? [`${word} is ${pieces.length} tokens: ${pieces.map(readable).join(" + ")}`] : [],
  );
  const tables = patches.flatMap((patch) => {
    const head = ["layer", "likeliest words", ...words.map(({ word }) => `place of ${word}`)];
    return [placeText(patch), ...aligned([head, ...patch.layers.map(layerRow)])];
  });
  return [...tables, ...split];
}

function layerRow({ layer, words, asked }: PatchLayer): string[] {
  const texts = words.map(({ token, id, probability }) => {
    const text = token === "" ? `unused id ${id}` : readable(token);
    return `${text} ${formatProbability(probability)}`;
  });
  return [layerName(layer), texts.join(", "), ...asked.map(({ rank }) => ordinal(rank))];
}

/** Layers downward: what the words of patches tell of them, and how many are still most like themselves. */
export function localityLines(layers: readonly LocalityLayer[]): string[] {
  const rows = layers.map(({ layer, information, identity }) => [
    layerName(layer),
    `${information.toFixed(2)} bits`,
    formatShare(identity),
  ]);
  return aligned([["layer", "words tell of their patch", "patches nearest to their own input"], ...rows]);
}

/** How likely the first tokens were before and after. */
export function firstLines({ before, first }: KnockOutResult): string[] {
  const { answer, ended } = before.attention;
  const chances = first.slice(0, 5).map(({ token, id, ...chance }) => {
    const text = token === "" ? `unused id ${id}` : readable(token);
    const [was, is] = [chance.before, chance.after].map(({ probability }) => formatProbability(probability));
    return `${text} ${was} to ${is}`;
  });
  return [`before: ${answer}${ended ? "" : " ..."}`, `first token: ${chances.join(", ")}`];
}
