/** What Play saves: a figure of both maps of every model, what the models said as JSON, and the commands. */
import { wordRegions } from "../../../elements/map/regions.ts";
import type { Box } from "../../../grounding/geometry.ts";
import { maskBox } from "../../../grounding/mask.ts";
import type { Region } from "../../../grounding/region.ts";
import { linearScale, shareScale } from "../../../lens/scale.ts";
import { paintView, viewWithin } from "../../../lens/view.ts";
import { attendCommand, lensCommand } from "../export/command.ts";
import type { MapPanel } from "../export/map-figure.ts";
import type { Exported } from "../export/menu.ts";
import { fileName } from "../export/save.ts";
import type { ShownPicture, Slot, Studio } from "../studio.ts";
import { fixedThreshold } from "./say/scores.ts";
import { plainText } from "./say/sentence.ts";
import { answerRows, certainty, lookAt, patchWords, type Seen, scoreOf } from "./say/view.ts";
import { sceneCommand, sceneFile } from "./scene/new-scene.ts";
import { sentenceFor } from "./sentence-for.ts";
import type { PlaySession } from "./session.ts";

interface Column {
  readonly slot: Slot;
  readonly seen: Seen;
}

/** Undefined until a picture is there. */
export function exportOf(studio: Studio, session: PlaySession): Exported | undefined {
  const { picture } = studio;
  if (picture === undefined) return undefined;
  const columns = studio.slots.flatMap((slot): Column[] => {
    const { seen } = session.follower.of(slot.letter);
    return seen === undefined ? [] : [{ slot, seen }];
  });
  const name = fileName(picture.name.replace(/\.\w+$/, ""));
  const file = fileOf(session, name);
  const hasModels = columns.length > 0;
  return {
    name,
    ...(hasModels && { figure: () => figureOf(studio, session, picture, columns) }),
    json: hasModels
      ? [{ title: "JSON", name: `${name}.json`, value: () => jsonOf(session, picture, columns) }]
      : [],
    commands: [...sceneCommands(session), ...columns.flatMap((column) => commandsOf(column, session, file))],
    picture: { name: `${name}.png`, image: picture.image },
  };
}

/** The picture as commands find it: written by the first command, or saved by the visitor. */
function fileOf({ scene }: PlaySession, name: string): string {
  return scene !== undefined && scene.choice.edits === undefined
    ? sceneFile(scene.choice.origin)
    : `${name}.png`;
}

/** A scene that is not edited is made by a command; another one has to be saved. */
function sceneCommands({ scene }: PlaySession): string[] {
  return scene !== undefined && scene.choice.edits === undefined ? [sceneCommand(scene.choice.origin)] : [];
}

function commandsOf({ slot }: Column, { word, question, layer }: PlaySession, picture: string): string[] {
  const model = slot.given ?? slot.model?.card.folder;
  if (model === undefined) return [];
  const of = { model, picture, ...(layer !== undefined && { layer }) };
  return [
    ...(word === undefined ? [] : [lensCommand({ ...of, concepts: [word] })]),
    ...(question === undefined ? [] : [attendCommand({ model, picture, question: question.text })]),
  ];
}

async function figureOf(
  studio: Studio,
  session: PlaySession,
  picture: ShownPicture,
  columns: readonly Column[],
) {
  const { mapFigure } = await import("../export/map-figure.ts");
  return mapFigure({
    title: picture.name,
    sentence: plainText(sentenceFor(studio, session) ?? []),
    panels: columns.flatMap((column) => panelsOf(column, session)),
    scale: linearScale("probability of the likeliest word", 0, 1),
    source:
      session.question === undefined
        ? ""
        : `Where the answers to “${session.question.text}” look: from even to all, in steps of the logarithm.`,
  });
}

/** As the columns show them: what the patches say, and where the answer looks. */
function panelsOf({ slot, seen }: Column, session: PlaySession): MapPanel[] {
  const { letter, title } = slot;
  const { geometry } = seen.glance.lens;
  const words = patchWords(seen, session.layer);
  const view = viewWithin(seen.asked.image, 512);
  const said = paintView(view, geometry, certainty(words), linearScale("probability", 0, 1));
  const labels = wordRegions(words, geometry.grid, fixedThreshold).map(({ word: text, at }) => ({
    text,
    at,
  }));
  const panels: MapPanel[] = [
    { letter, title, note: "what its patches say", picture: said, geometry, labels },
  ];
  const question = seen.asked.questions[session.questionAt] ?? seen.asked.questions[0];
  const look = question && lookAt(seen, question.text, session.layer);
  if (look === undefined) return panels;
  const painted = paintView(view, look.answer.geometry, look.look.map, shareScale(look.look.map.length));
  const note = `where its answer, ${look.answer.answer || "nothing"}, looks`;
  return [
    ...panels,
    {
      letter,
      title,
      note,
      picture: painted,
      geometry: look.answer.geometry,
      boxes: boxesOf(question.regions),
    },
  ];
}

function boxesOf(regions: readonly Region[]): Box[] {
  return regions.flatMap((region) => {
    const box = region.kind === "mask" ? maskBox(region) : undefined;
    return box === undefined ? [] : [box];
  });
}

/** What the models said, with what is known. */
function jsonOf(session: PlaySession, { name, ref }: ShownPicture, columns: readonly Column[]): object {
  const { word } = session;
  return {
    picture: name,
    ...(ref !== undefined && { ref }),
    models: columns.map(({ slot, seen }) => ({
      model: slot.given ?? slot.title,
      answers: answerRows(seen).map(({ question, answer, verdict }) => ({
        question: question.text,
        answer: answer?.answer,
        ...(question.truth && { truth: question.truth.answer, verdict }),
        onTarget: finite(lookAt(seen, question.text)?.share),
      })),
      ...(word !== undefined && { concept: word, lens: lensOf(seen, word, slot.model?.card.threshold) }),
      patches: patchWords(seen).map(
        ([likeliest]) => likeliest && { word: likeliest.token, probability: likeliest.probability },
      ),
    })),
  };
}

function lensOf(seen: Seen, word: string, threshold?: number): object | undefined {
  const score = scoreOf(seen, word, threshold);
  return score && { peak: score.peak, iou: finite(score.iou), pointing: finite(score.pointing) };
}

/** Numbers that there are; JSON has no other. */
const finite = (value: number | undefined) =>
  value === undefined || Number.isNaN(value) ? undefined : value;
