/**
 * What is knocked out of a model while it looks at a picture: patches, heads, whole layers, from the answer or from more. The
 * attention on them goes, and is shared out anew among what is still seen; nothing else of the model changes (attention
 * knockout: Geva et al., arXiv 2304.14767, there from the last position; the arithmetic is in nn/knock-out.ts).
 */
import { mustBe } from "../common/errors.ts";
import { float32, type HostArray } from "../engine/host.ts";
import { unionCoverage } from "../grounding/coverage.ts";
import { patchBox } from "../grounding/geometry.ts";
import type { PromptKnockOut } from "../models/contract/generation.ts";
import { type Display, displayOf, globalDisplayOf, imageTokensOf } from "../models/inputs/images.ts";
import { imageTokens } from "../models/inputs/layout.ts";
import type { KnockOutArrays } from "../nn/knock-out.ts";
import type { Vlm } from "../vlm/open.ts";
import type { PackedRows } from "../vlm/pack.ts";
import type { Prompt } from "../vlm/prompt.ts";

/** From whom patches are hidden. */
export const knockOutFroms = ["answer", "text", "all"] as const;
/**
 * `answer`: the positions that predict an answer token: the prompt's last, and the answer's own. What the patches say still reaches
 * the answer through the question and through other patches. `text`: every text token, the question's among them. `all`:
 * every other token, other patches too.
 */
export type KnockOutFrom = (typeof knockOutFroms)[number];

/** A head of a layer, both counted from 1. */
export interface HeadPlace {
  readonly layer: number;
  readonly head: number;
}

/** What is knocked out; each part goes by itself, whatever else does. */
export interface KnockOut {
  /** Patches that are not seen, in no head: places of the grid in row order, from 0. */
  readonly patches?: readonly number[];
  /**
   * The same in the view of the whole picture, of a model that cuts pictures into tiles; default: those of which `patches` cover
   * half or more.
   */
  readonly globalPatches?: readonly number[];
  /** The reverse: of the image, only these patches are seen. Default false. */
  readonly only?: boolean;
  /** Heads in which no image token is seen. */
  readonly heads?: readonly HeadPlace[];
  /** Layers, from 1, in which no image token is seen, in no head. */
  readonly layers?: readonly number[];
  /** Default `answer`. */
  readonly from?: KnockOutFrom;
}

/** Whether something is knocked out at all. */
export function isKnockedOut({
  patches = [],
  globalPatches = [],
  only = false,
  heads = [],
  layers = [],
}: KnockOut) {
  return only || patches.length + globalPatches.length + heads.length + layers.length > 0;
}

/**
 * What generation takes: tokens of the prompt by their places. Throws a UserError of `caller` for a patch that the grid does not
 * have, or a layer or head that the model does not have or that does not attend.
 */
export function promptKnockOut(
  caller: string,
  model: Vlm,
  prompt: Prompt,
  knockOut: KnockOut,
): PromptKnockOut {
  const places = imageTokens(prompt.layout);
  return {
    queries: queriesOf(knockOut, prompt.prefix.length + prompt.question.length, new Set(places)),
    keys: hiddenTokens(caller, prompt, knockOut).map((token) => places[token]),
    heads: struckHeads(caller, model, knockOut),
  };
}

/** The same where something is knocked out; undefined where nothing is. */
export function promptKnockOutIfAny(
  caller: string,
  model: Vlm,
  prompt: Prompt,
  knockOut: KnockOut = {},
): PromptKnockOut | undefined {
  return isKnockedOut(knockOut) ? promptKnockOut(caller, model, prompt, knockOut) : undefined;
}

/**
 * The same for a packed row of the prompt, the answer's room among the queries: [1, S]. A row may end before the prompt does: it
 * has no place for what is left out.
 */
export function rowKnockOut(
  { queries, keys, heads }: PromptKnockOut,
  { inputs }: Pick<PackedRows, "inputs">,
  prompt: Pick<Prompt, "prefix" | "question">,
): KnockOutArrays<HostArray> {
  const columns = Array.from(inputs.segmentIds.data.keys()).filter((s) => inputs.segmentIds.data[s] >= 0);
  const answer = columns.slice(prompt.prefix.length + prompt.question.length);
  const marked = (own: readonly number[]) => {
    const row = float32([1, inputs.segmentIds.data.length]);
    for (const column of own) row.data[column] = 1;
    return row;
  };
  const at = (tokens: readonly number[]) => tokens.flatMap((token) => columns[token] ?? []);
  return { queries: marked([...at(queries), ...answer]), keys: marked(at(keys)), heads };
}

/** Tokens of a prompt of `length` that see less. */
function queriesOf({ from = "answer" }: KnockOut, length: number, image: ReadonlySet<number>): number[] {
  const all = [...Array(length).keys()];
  const own: Record<KnockOutFrom, () => number[]> = {
    answer: () => [length - 1],
    text: () => all.filter((token) => !image.has(token)),
    all: () => all,
  };
  return own[from]();
}

/** Image tokens that are hidden, by their number among the image's. */
function hiddenTokens(
  caller: string,
  { image }: Prompt,
  { patches = [], only = false, ...knockOut }: KnockOut,
): number[] {
  const [display, global] = [displayOf(image), globalDisplayOf(image)];
  const tiles = tokensAt(caller, "patches", display.tokens, patches);
  const globalPatches = knockOut.globalPatches ?? (global && patchesUnder(patches, display, global)) ?? [];
  const named = [...tiles, ...tokensAt(caller, "globalPatches", global?.tokens ?? [], globalPatches)];
  if (!only) return named;
  const kept = new Set(named);
  return [...Array(imageTokensOf(image)).keys()].filter((token) => !kept.has(token));
}

/** Patches of one view of a picture of which patches of another cover half or more. */
function patchesUnder(patches: readonly number[], { geometry }: Display, other: Display): number[] {
  const boxes = patches.map((patch) => ({ kind: "box", box: patchBox(geometry, patch) }) as const);
  const covered = unionCoverage(boxes, other.geometry);
  return [...covered.keys()].filter((patch) => covered[patch] >= 0.5);
}

function tokensAt(
  caller: string,
  name: string,
  tokens: readonly number[],
  places: readonly number[],
): number[] {
  const unknown = places.find((place) => tokens[place] === undefined);
  if (unknown === undefined) return places.map((place) => tokens[place]);
  const rule =
    tokens.length === 0 ? "empty: the picture has one view only" : `places from 0 to ${tokens.length - 1}`;
  throw mustBe(caller, name, rule, unknown);
}

/** [A, H] */
function struckHeads(
  caller: string,
  { facts }: Vlm,
  { heads = [], layers = [] }: KnockOut,
): HostArray<"float32"> {
  const { attentionLayers, heads: H } = facts;
  const struck = float32([attentionLayers.length, H]);
  const rowOf = (layer: number) => {
    const index = attentionLayers.indexOf(layer - 1);
    if (index < 0)
      throw mustBe(
        caller,
        "layer",
        `one that attends: ${attentionLayers.map((l) => l + 1).join(", ")}`,
        layer,
      );
    return index;
  };
  for (const layer of layers) struck.data.fill(1, rowOf(layer) * H, (rowOf(layer) + 1) * H);
  for (const { layer, head } of heads) {
    if (!(Number.isInteger(head) && head >= 1 && head <= H))
      throw mustBe(caller, "head", `a whole number from 1 to ${H}`, head);
    struck.data[rowOf(layer) * H + head - 1] = 1;
  }
  return struck;
}
