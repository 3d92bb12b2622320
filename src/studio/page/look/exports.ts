/** What Look saves: figures of the maps, the JSON of the commands, and the commands themselves. */
import type { ImageGeometry } from "../../../common/image.ts";
import { contourAt } from "../../../elements/map/contour.ts";
import { samePlace } from "../../../elements/map/fit.ts";
import { wordRegions } from "../../../elements/map/regions.ts";
import { coverage } from "../../../grounding/coverage.ts";
import type { AttentionResult } from "../../../lens/attention.ts";
import { cutOf } from "../../../lens/cut.ts";
import {
  attentionJson,
  attentionSummary,
  knockOutJson,
  lensSummary,
  mapsJson,
  relevanceJson,
  wordsJson,
} from "../../../lens/json.ts";
import { maskSummary } from "../../../lens/mask-json.ts";
import { paintView, viewWithin } from "../../../lens/view.ts";
import { type MapFigure, type MapPanel, mapFigure } from "../export/map-figure.ts";
import type { Exported, JsonFile } from "../export/menu.ts";
import { fileName } from "../export/save.ts";
import type { ShownPicture } from "../studio.ts";
import type { Column } from "./columns.ts";
import { boxOf, commandOf, type ExportFacts, ownKnockOut } from "./commands.ts";
import { isReversed, valueAt } from "./cut.ts";
import { layerText } from "./layers.ts";
import { isStruck, type LookState } from "./state.ts";
import { type MapView, type SharedScale, type Side, viewOf } from "./views.ts";

export function exportedOf(facts: ExportFacts): Exported {
  const { picture, columns, state } = facts;
  const about =
    state.over === "attention" ? state.question : state.over === "words" ? "words" : state.concept;
  const file = pictureFile(picture);
  return {
    name: fileName(picture.name.replace(/\.\w+$/, ""), about ?? "look"),
    ...(mapped(facts).length > 0 && { figure: () => mapFigure(figureOf(facts)) }),
    json: columns.flatMap((column) => jsonOf(column, facts, file)),
    commands: columns.flatMap((column) => commandOf(column, facts, file) ?? []),
    picture: { name: file, image: picture.image },
  };
}

/** The name under which commands find the picture. */
export function pictureFile({ name }: ShownPicture): string {
  return `${fileName(name.replace(/\.\w+$/, ""))}.png`;
}

/** The maps that are there, of a knock-out both sides. */
function mapped({ columns, state, shared }: ExportFacts) {
  const sides: readonly Side[] = isStruck(state.struck) ? ["before", "after"] : ["before"];
  return columns.flatMap((column) =>
    sides.flatMap((side) => {
      const { map, words } = viewOf(column, side, state, shared);
      return map === undefined ? [] : [{ column, side, map, words }];
    }),
  );
}

function figureOf(facts: ExportFacts): MapFigure {
  const { picture, columns, state, shared, sentence } = facts;
  const asked = state.question ?? "";
  const title = {
    concept: state.concept ?? "",
    words: "Words of the picture",
    attention: asked,
    relevance: asked,
  };
  return {
    title: title[state.over],
    sentence,
    panels: mapped(facts).map((one) => panelOf(one, facts)),
    ...(shared && { scale: shared.scale }),
    source: `${picture.name} · ${columns.map(({ letter, card }) => `${letter.toUpperCase()} ${card.name}`).join(" · ")}`,
  };
}

const figureSide = 632;

type Mapped = ReturnType<typeof mapped>[number];

function panelOf(
  { column, side, map, words }: Mapped,
  { picture, state, shared, regions, geometry }: ExportFacts,
): MapPanel {
  const layer = state.over === "attention" ? column.attending : column.layer;
  const box = state.over === "words" ? undefined : boxOf(regions);
  const pins = state.pins.flatMap((pin) => (geometry && samePlace(pin, geometry, map.geometry)) ?? []);
  return {
    letter: column.letter,
    title: column.slot.title,
    note: `${layerText(layer, column.card.layers)}${side === "after" ? ", knocked out" : ""}`,
    picture: paintView(viewWithin(picture.image, figureSide), map.geometry, map.values, map.scale),
    geometry: map.geometry,
    labels: labelsOf(words, map.geometry),
    pins,
    ...(box && { boxes: [box] }),
    ...contourOf(map, state, shared),
  };
}

/** The border of the mask, as the page draws it. */
function contourOf(
  { values, geometry }: Mapped["map"],
  { over, cut }: LookState,
  shared?: SharedScale,
): Pick<MapPanel, "contour"> {
  if (over !== "concept" || cut === undefined || shared === undefined) return {};
  const sign = isReversed(shared.ends) ? -1 : 1;
  const threshold = sign * valueAt(shared.scale, cut, shared.ends);
  return {
    contour: contourAt(
      values.map((value) => sign * value),
      geometry.grid,
      threshold,
    ),
  };
}

function labelsOf(words: MapView["words"], { grid }: ImageGeometry): MapPanel["labels"] {
  return words && wordRegions(words, grid).map(({ word, at }) => ({ at, text: word }));
}

function jsonOf(column: Column, facts: ExportFacts, image: string): JsonFile[] {
  const { state, columns } = facts;
  const of = columns.length > 1 ? `, ${column.letter.toUpperCase()}` : "";
  const file = (kind: string, title: string, value: () => unknown): JsonFile => ({
    title: `${title}${of}`,
    name: `${fileName(column.card.name, kind)}.json`,
    value,
  });
  const origin = { model: column.card.name, image };
  if (state.over === "relevance") return relevanceFiles(column, origin, file);
  if (state.over === "attention") return attentionFiles(column, facts, origin, file);
  const lens = column.lens?.lens;
  if (lens === undefined) return [];
  const words = file("words", "words of all patches", () => wordsJson(lens, origin, wordsKept));
  if (lens.concepts.length === 0) return [words];
  return [
    file("lens", "what it says", () => ({ ...origin, ...lensSummary(lens, { layer: column.layer }) })),
    file("maps", "values of all layers", () => mapsJson(lens, origin)),
    words,
    ...maskFiles(column, facts, origin, file),
  ];
}

type MakeFile = (kind: string, title: string, value: () => unknown) => JsonFile;
type Origin = { readonly model: string; readonly image: string };

/** Likeliest words of each patch in words.json, as the command has it by default. */
const wordsKept = 5;

function maskFiles(
  { lens, layer }: Column,
  { state, shared }: ExportFacts,
  origin: Origin,
  file: MakeFile,
): JsonFile[] {
  if (state.cut === undefined || shared === undefined || lens === undefined || state.space !== "probability")
    return [];
  const threshold = valueAt(shared.scale, state.cut, shared.ends);
  const cut = cutOf(lens.lens, 0, { layer, threshold });
  return [file("mask", "the mask", () => ({ ...origin, ...maskSummary(lens.lens, { layer, cut }).facts }))];
}

function attentionFiles(column: Column, facts: ExportFacts, origin: Origin, file: MakeFile): JsonFile[] {
  const { look, after } = column;
  const { regions, state } = facts;
  if (look === undefined) return [];
  const box = boxOf(regions);
  const inside = box && coverage({ kind: "box", box }, look.geometry);
  if (after !== undefined && isStruck(state.struck)) {
    const struck = ownKnockOut(column, facts);
    return [
      file("knock-out", "before and after", () => ({ ...origin, ...knockOutJson(after, struck, true) })),
    ];
  }
  return [
    file("attend", "shares by token", () => ({ ...origin, ...attentionSummary(look, inside) })),
    file("attention", "maps and heads", () => attentionJson(answerAlone(look), true)),
  ];
}

function relevanceFiles({ relevance }: Column, origin: Origin, file: MakeFile): JsonFile[] {
  if (relevance === undefined) return [];
  const tokens = relevanceJson(relevance);
  return [file("relevance", "relevance", () => ({ ...origin, ...relevance, tokens }))];
}

/** As the command has it: without the question's own tokens. */
function answerAlone({ prompt: _, sinks: __, ...look }: AttentionResult): AttentionResult {
  return look;
}
