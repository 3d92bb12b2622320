/** What Look saves: figures of the maps, the JSON of the commands, and the commands themselves. */
import type { RgbImage } from "../../../common/image.ts";
import { coverage } from "../../../grounding/coverage.ts";
import { maskBox } from "../../../grounding/mask.ts";
import type { Region } from "../../../grounding/region.ts";
import type { AttentionResult } from "../../../lens/attention.ts";
import { cutOf } from "../../../lens/cut.ts";
import { readable } from "../../../lens/findings.ts";
import { attentionJson, attentionSummary, lensSummary, mapsJson, wordsJson } from "../../../lens/json.ts";
import { maskSummary } from "../../../lens/mask-json.ts";
import { paintView, viewWithin } from "../../../lens/view.ts";
import { attendCommand, lensCommand, segmentCommand } from "../export/command.ts";
import type { MapPanel } from "../export/map-figure.ts";
import { mapFigure } from "../export/map-figure.ts";
import type { Exported, JsonFile } from "../export/menu.ts";
import { fileName } from "../export/save.ts";
import type { ShownPicture } from "../studio.ts";
import type { Column } from "./columns.ts";
import { valueAt } from "./cut.ts";
import { layerText } from "./layers.ts";
import type { LookState } from "./state.ts";
import { type MapView, type SharedScale, viewOf } from "./views.ts";

export interface ExportFacts {
  readonly picture: ShownPicture;
  readonly columns: readonly Column[];
  readonly state: LookState;
  readonly shared: SharedScale | undefined;
  readonly sentence: string;
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

export function exportedOf(facts: ExportFacts): Exported {
  const { picture, columns, state } = facts;
  const about =
    state.over === "attention" ? state.question : state.over === "words" ? "words" : state.concept;
  const file = pictureFile(picture);
  return {
    name: fileName(picture.name.replace(/\.\w+$/, ""), about ?? "look"),
    figure: () => mapFigure(figureOf(facts)),
    json: columns.flatMap((column) => jsonOf(column, facts, file)),
    commands: columns.flatMap((column) => commandOf(column, facts, file) ?? []),
    picture: { name: file, image: picture.image },
  };
}

/** The name under which commands find the picture. */
export function pictureFile({ name }: ShownPicture): string {
  return `${fileName(name.replace(/\.\w+$/, ""))}.png`;
}

function figureOf({ picture, columns, state, shared, sentence, regions = [] }: ExportFacts) {
  const box = boxOf(regions);
  const panels = columns.map((column): MapPanel => {
    const view = viewOf(column, "before", state, shared);
    const layer = state.over === "attention" ? column.attending : column.layer;
    return {
      letter: column.letter,
      title: column.slot.title,
      note: layerText(layer, column.card.layers),
      picture: paintedOf(picture.image, view),
      geometry: (view.map ?? { geometry: undefined }).geometry ?? wholeGeometry(picture.image),
      labels: labelsOf(view),
      pins: state.pins,
      ...(box && { boxes: [box] }),
    };
  });
  const title = state.over === "attention" ? (state.question ?? "") : (state.concept ?? "");
  return {
    title: state.over === "words" ? "Words of the picture" : title,
    sentence,
    panels,
    ...(shared && { scale: shared.scale }),
    source: `${picture.name} · ${columns.map(({ letter, card }) => `${letter.toUpperCase()} ${card.name}`).join(" · ")}`,
  };
}

const figureSide = 632;

function paintedOf(image: RgbImage, { map }: MapView): RgbImage {
  return map === undefined
    ? image
    : paintView(viewWithin(image, figureSide), map.geometry, map.values, map.scale);
}

function wholeGeometry({ width, height }: RgbImage) {
  const size = { width, height };
  const grid = { rows: 1, columns: 1 };
  return { original: size, processed: size, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0, patch: 1, grid };
}

function labelsOf({ words = [] }: MapView): MapPanel["labels"] {
  return words.flatMap(([word], patch) =>
    word !== undefined && word.probability >= 0.3 ? [{ patch, text: readable(word.token) }] : [],
  );
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

function attentionFiles(
  { look }: Column,
  { regions }: ExportFacts,
  origin: Origin,
  file: MakeFile,
): JsonFile[] {
  if (look === undefined) return [];
  const box = boxOf(regions);
  const inside = box && {
    map: coverage({ kind: "box", box }, look.geometry),
    ...(look.globalGeometry && { global: coverage({ kind: "box", box }, look.globalGeometry) }),
  };
  return [
    file("attend", "shares by token", () => ({ ...origin, ...attentionSummary(look, inside) })),
    file("attention", "maps and heads", () => attentionJson(answerAlone(look), true)),
  ];
}

/** As the command has it: without the question's own tokens. */
function answerAlone({ prompt: _, sinks: __, ...look }: AttentionResult): AttentionResult {
  return look;
}

function commandOf(
  column: Column,
  { state, shared, regions }: ExportFacts,
  picture: string,
): string | undefined {
  const { card, slot, layer, attending } = column;
  const common = { model: slot.given ?? card.folder, picture, colours: state.ramp };
  if (state.over === "attention") {
    if (state.question === undefined) return undefined;
    const at = attending === card.layers ? undefined : attending;
    return attendCommand({
      ...common,
      question: state.question,
      region: boxOf(regions),
      layer: at,
      heads: state.head !== undefined,
    });
  }
  if (state.concept === undefined) return undefined;
  const at = layer === card.layers ? undefined : layer;
  const lens = lensCommand({ ...common, concepts: [state.concept], space: state.space, layer: at });
  if (state.cut === undefined || shared === undefined || state.space !== "probability") return lens;
  const threshold = Number(valueAt(shared.scale, state.cut, shared.ends).toPrecision(4));
  return `${lens}\n${segmentCommand({ ...common, concept: state.concept, threshold, layer: at })}`;
}
