/** The command lines that make what Look shows. */
import type { ImageGeometry } from "../../../common/image.ts";
import { maskBox } from "../../../grounding/mask.ts";
import type { Region } from "../../../grounding/region.ts";
import type { KnockOut } from "../../../lens/knock-out.ts";
import { headsText, patchesText } from "../../../lens/places-text.ts";
import { attendCommand, type HiddenOptions, lensCommand, segmentCommand } from "../export/command.ts";
import type { ShownPicture } from "../studio.ts";
import { type Column, geometryOf, knockOutOf } from "./columns.ts";
import { valueAt } from "./cut.ts";
import { linkedPatches } from "./patches.ts";
import { isStruck, type LookState } from "./state.ts";
import type { SharedScale } from "./views.ts";

/** What is shown, as far as files and commands need it. */
export interface ExportFacts {
  readonly picture: ShownPicture;
  readonly columns: readonly Column[];
  readonly state: LookState;
  readonly shared: SharedScale | undefined;
  readonly sentence: string;
  /** The grid of the first model, which pins are of. */
  readonly geometry: ImageGeometry | undefined;
  /** What is asked about, where it is known. */
  readonly regions?: readonly Region[];
}

/** The smallest box around regions that have one: what `fovea attend --region` takes. */
export function boxOf(
  regions: readonly Region[] = [],
): readonly [number, number, number, number] | undefined {
  const boxes = regions.flatMap((region) => {
    if (region.kind === "box") return [region.box];
    const box = region.kind === "mask" ? maskBox(region) : undefined;
    return box === undefined ? [] : [box];
  });
  if (boxes.length === 0) return undefined;
  const side = (i: 0 | 1 | 2 | 3, pick: (...values: number[]) => number) =>
    pick(...boxes.map((box) => box[i]));
  return [side(0, Math.min), side(1, Math.min), side(2, Math.max), side(3, Math.max)];
}

/** What is knocked out of a model, in its own grid and layers. */
export function ownKnockOut(column: Column, { state, geometry, columns }: ExportFacts): KnockOut {
  const own = geometryOf(column);
  if (geometry === undefined || own === undefined) return {};
  return knockOutOf(
    state.struck,
    column.letter,
    { first: geometry, own },
    { first: columns[0].card.layers, own: column.card },
  );
}

/** One line for each command; undefined where there is nothing to ask. */
export function commandOf(column: Column, facts: ExportFacts, picture: string): string | undefined {
  const { card, slot, layer, attending } = column;
  const { state, shared, regions } = facts;
  const common = { model: slot.given ?? card.folder, picture, colours: state.ramp };
  if (state.over === "attention" || state.over === "relevance") {
    if (state.question === undefined) return undefined;
    const at = attending === card.layers ? undefined : attending;
    const asked = { ...common, question: state.question, region: boxOf(regions), layer: at };
    return attendCommand({
      ...asked,
      ...hiddenOf(column, facts),
      heads: state.head !== undefined,
      questionTokens: state.token?.of === "question",
      relevance: state.over === "relevance",
    });
  }
  if (state.concept === undefined) return undefined;
  const at = layer === card.layers ? undefined : layer;
  const lens = lensCommand({
    ...common,
    concepts: [state.concept],
    space: state.space,
    layer: at,
    patch: pinsText(column, facts),
    locality: state.curve !== undefined,
  });
  if (state.cut === undefined || shared === undefined || state.space !== "probability") return lens;
  const threshold = Number(valueAt(shared.scale, state.cut, shared.ends).toPrecision(4));
  return `${lens}\n${segmentCommand({ ...common, concept: state.concept, threshold, layer: at })}`;
}

/** The pinned patches in the model's own grid, as `fovea lens --patch` takes them; undefined without any. */
function pinsText(column: Column, { geometry, state: { pins } }: ExportFacts): string | undefined {
  const own = geometryOf(column);
  if (geometry === undefined || own === undefined || pins.length === 0) return undefined;
  const places = linkedPatches(pins, geometry, own);
  return places.length > 0 ? patchesText(places, own.grid) : undefined;
}

/** A knock-out as options of `fovea attend`. */
function hiddenOf(column: Column, facts: ExportFacts): HiddenOptions {
  const own = geometryOf(column);
  const { struck } = facts.state;
  if (!isStruck(struck) || own === undefined) return {};
  const { patches = [], only, ...rest } = ownKnockOut(column, facts);
  const places = patchesText(patches, own.grid);
  const strike = headsText(rest);
  return {
    ...(places !== "" && (only ? { only: places } : { hide: places })),
    ...(strike !== "" && { strike }),
    ...(struck.from !== "answer" && { hiddenFrom: struck.from }),
  };
}
