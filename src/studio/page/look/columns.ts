/** The models side by side with what each said: all that Look draws is read from here. */
import type { ImageGeometry } from "../../../common/image.ts";
import { coverage } from "../../../grounding/coverage.ts";
import type { Region } from "../../../grounding/region.ts";
import type { AttendedToken, AttentionResult } from "../../../lens/attention.ts";
import type { KnockOut } from "../../../lens/knock-out.ts";
import type { KnockOutResult } from "../../../lens/knocked-out.ts";
import type { LensResult } from "../../../lens/logit-lens.ts";
import type { PatchWordsResult } from "../../../lens/patch-words.ts";
import type { RelevanceResult } from "../../../lens/relevance.ts";
import type { ModelCard, Result } from "../../jobs/job.ts";
import type { KnownObject, Letter, Slot } from "../studio.ts";
import { attendingLayer, linkedLayer } from "./layers.ts";
import { linkedPatches } from "./patches.ts";
import type { LookState, Struck, TokenPlace } from "./state.ts";

/** The lens of a concept; of a word that the model cannot write, the lens of no word and why. */
export interface ConceptLens {
  readonly lens: LensResult;
  readonly unknown?: string;
}

/** What a model said, as far as it is there. */
export interface Said {
  readonly lens?: ConceptLens;
  readonly look?: AttentionResult;
  readonly words?: PatchWordsResult;
  readonly after?: KnockOutResult;
  /** What mattered for each token of the answer, and with the knock-out. */
  readonly relevance?: RelevanceResult;
  readonly relevanceAfter?: RelevanceResult;
  readonly locality?: Result<"locality">;
  /** What failed, in one line each. */
  readonly failed: readonly string[];
  readonly busy: boolean;
}

export interface Column extends Said {
  readonly letter: Letter;
  readonly slot: Slot;
  readonly card: ModelCard;
  /** The layer of the lens, 0 to L. */
  readonly layer: number;
  /** The layer of the attention, one that attends. */
  readonly attending: number;
}

/** The layer that is shown of each open model; the first one's depth is that of the address. */
export function layersOf(
  cards: readonly ModelCard[],
  wanted: number | undefined,
): { readonly layer: number; readonly attending: number }[] {
  const [first] = cards;
  return cards.map((card) => {
    const layer = wanted === undefined ? card.layers : linkedLayer(wanted, first.layers, card.layers);
    return { layer, attending: attendingLayer(layer, card.attentionLayers) };
  });
}

/** The objects of a picture that a word names, as regions; undefined where none is known. */
export function regionsNamed(
  truth: readonly KnownObject[] | undefined,
  word: string | undefined,
): Region[] | undefined {
  const found = (truth ?? []).filter((object) => object.word === word).map(({ region }) => region);
  return found.length === 0 ? undefined : found;
}

/** What a question is about: the longest known word that it holds, else the concept where it is known. */
export function targetOf(
  truth: readonly KnownObject[] | undefined,
  question: string | undefined,
  concept: string | undefined,
): string | undefined {
  const words = [...new Set((truth ?? []).map(({ word }) => word))];
  const held = words.filter((word) =>
    ` ${question ?? ""} `.toLowerCase().includes(` ${word.toLowerCase()} `),
  );
  const [longest] = held.sort((a, b) => b.length - a.length);
  return longest ?? words.find((word) => word === concept);
}

/** How much of each patch the regions cover, together. */
export function coverageOf(regions: readonly Region[], geometry: ImageGeometry): Float32Array {
  const maps = regions.map((region) => coverage(region, geometry));
  return maps[0].map((_, n) => Math.max(...maps.map((map) => map[n])));
}

/** The token that is shown, of a result; the first of the answer where the wanted one is not there. */
export function tokenAt(
  look: AttentionResult | undefined,
  { of, index }: TokenPlace = { of: "answer", index: 0 },
): AttendedToken | undefined {
  if (look === undefined) return undefined;
  const tokens = of === "answer" ? look.tokens : (look.prompt ?? []);
  return tokens[index] ?? look.tokens[0];
}

/** A model's own knock-out: patches of its own grid, its own heads, layers at the same share of its depth. */
export function knockOutOf(
  struck: Struck,
  letter: Letter,
  grids: { readonly first: ImageGeometry; readonly own: ImageGeometry },
  depths: { readonly first: number; readonly own: ModelCard },
): KnockOut {
  const { attentionLayers, layers } = depths.own;
  return {
    patches: linkedPatches(struck.patches, grids.first, grids.own),
    only: struck.only,
    heads: struck.heads.filter((head) => head.letter === letter).map(({ layer, head }) => ({ layer, head })),
    layers: [
      ...new Set(
        struck.layers.map((layer) =>
          attendingLayer(linkedLayer(layer, depths.first, layers), attentionLayers),
        ),
      ),
    ],
    from: struck.from,
  };
}

/** The patches that a knock-out hides, for the map. */
export function hiddenPatches(
  { patches = [], only = false }: Pick<KnockOut, "patches" | "only">,
  geometry: ImageGeometry,
): readonly number[] {
  if (!only) return patches;
  const all = [...Array(geometry.grid.rows * geometry.grid.columns).keys()];
  return all.filter((n) => !patches.includes(n));
}

/** The grid of a model, from whatever it said. */
export function geometryOf({ lens, look, words }: Said): ImageGeometry | undefined {
  return (lens?.lens ?? look ?? words)?.geometry;
}

/** Which of the models are shown. */
export function isShown({ models }: LookState, letter: Letter): boolean {
  return models === undefined || models.includes(letter);
}
