/** The questions about a scene, in the grammar of the tasks that the shipped models were trained on, with their answers. */

import type { Question } from "../../../../data/example.ts";
import type { SceneObject } from "../../../../data/scenes/placed.ts";
import { gridPatch } from "../../../../data/tasks/grid-patch.ts";
import { naming } from "../../../../data/tasks/naming.ts";
import { presence } from "../../../../data/tasks/presence.ts";
import { cellNames, cellOf, clearObjects, soleObjects, withArticle } from "../../../../data/tasks/task.ts";
import type { Region } from "../../../../grounding/region.ts";
import { askingOf, regionsOf, type SceneTruth, shownNames } from "./truth.ts";

/** A question with what is known of its answer. */
export interface PlayQuestion {
  readonly text: string;
  /** Where the evidence lies; none for what is not there, or where nobody knows. */
  readonly regions: readonly Region[];
  /** Undefined where the scene does not settle it, and for pictures of which nothing is known. */
  readonly truth?: Question;
  /** Why there is no right or wrong, for people. */
  readonly open?: string;
}

const whereIs = (name: string) => gridPatch.wordings[0].replace("{name}", name);
const isThere = (name: string) => presence.wordings[0].replace("{aName}", withArticle(name));
const whatIsAt = (cell: string) => naming.wordings[0].replace("{cell}", cell);

/** What is asked at once of a scene when a word is chosen: about it first, then about another and an absent one. */
export function sceneQuestions(truth: SceneTruth, word: string, absent: string): PlayQuestion[] {
  const names = shownNames(truth);
  if (!names.includes(word)) {
    const [first] = names;
    if (first === undefined) return [askPresence(truth, word)];
    return [
      askPresence(truth, word),
      askWhere(truth, first),
      askNaming(truth, first),
      askPresence(truth, first),
    ];
  }
  const other = names.find((name) => name !== word);
  return [
    askWhere(truth, word),
    askNaming(truth, word),
    askPresence(truth, other ?? word),
    askPresence(truth, absent),
  ];
}

/** What is asked of a picture of which nothing is known. */
export function openQuestions(word: string): PlayQuestion[] {
  return [isThere(word), whereIs(word), whatIsAt("b2")].map((text) => ({ text, regions: [] }));
}

function askWhere(truth: SceneTruth, name: string): PlayQuestion {
  const text = whereIs(name);
  const asking = askingOf(truth);
  const all = truth.scene.objects.filter((object) => object.name === name);
  const regions = all.map(({ mask }) => mask);
  if (all.length === 0) return { text, regions, open: "not in the picture" };
  if (all.length > 1) return { text, regions, open: `${all.length} of them` };
  if (soleObjects(clearObjects(asking), asking).every((object) => object.name !== name))
    return { text, regions, open: "between cells" };
  return known("grid-patch", { text, answer: cellOf(truth.scene, all[0]), regions }, "cell");
}

function askPresence(truth: SceneTruth, name: string): PlayQuestion {
  const regions = regionsOf(truth, name);
  const answer = regions.length > 0 ? "yes" : "no";
  return known("presence", { text: isThere(name), answer, regions }, "yes-no");
}

/** About the cell that a thing's visible middle lies in. */
function askNaming(truth: SceneTruth, name: string): PlayQuestion {
  const object = truth.scene.objects.find((one) => one.name === name) as SceneObject;
  return askCell(truth, cellOf(truth.scene, object));
}

function askCell(truth: SceneTruth, cell: string): PlayQuestion {
  const text = whatIsAt(cell);
  const here = truth.scene.objects.filter((object) => cellOf(truth.scene, object) === cell);
  const regions = here.map(({ mask }) => mask);
  if (here.length === 0) return { text, regions, open: "no middle there" };
  if (here.length > 1) return { text, regions, open: `${here.length} things there` };
  const [object] = here;
  if (!clearObjects(askingOf(truth)).includes(object)) return { text, regions, open: "between cells" };
  return known("naming", { text, answer: object.name, regions }, "text");
}

function known(
  task: string,
  { text, answer, regions }: { readonly text: string } & Pick<Question, "answer" | "regions">,
  answerType: Question["answerType"],
): PlayQuestion {
  return { text, regions, truth: { task, question: text, answer, regions, answerType } };
}

/** "Where is the cat?" as the tasks write it: small letters, marks apart. */
export function inGrammar(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/\s*([?.!,])/g, " $1")
    .replaceAll(/\s+/g, " ")
    .trim();
}

/** A typed question: with its truth where it is one of the tasks' about this scene, else as it was typed. */
export function typedQuestion(typed: string, truth?: SceneTruth): PlayQuestion {
  const text = inGrammar(typed);
  const asked = readQuestion(text.endsWith("?") ? text : `${text} ?`);
  if (asked === undefined) return { text: typed.trim(), regions: [] };
  if (truth === undefined) return { text: asked.text, regions: [] };
  return asked.ask(truth);
}

interface ReadQuestion {
  readonly text: string;
  ask(truth: SceneTruth): PlayQuestion;
}

function readQuestion(text: string): ReadQuestion | undefined {
  const where = placeIn(gridPatch.wordings[0], text);
  if (where !== undefined) return { text, ask: (truth) => askWhere(truth, where) };
  const there = placeIn(presence.wordings[0], text)?.replace(/^an? /, "");
  if (there !== undefined) return { text: isThere(there), ask: (truth) => askPresence(truth, there) };
  const cell = placeIn(naming.wordings[0], text);
  if (cell === undefined) return undefined;
  return {
    text,
    ask: (truth) =>
      cellNames(truth.scene.grid).includes(cell) ? askCell(truth, cell) : { text, regions: [] },
  };
}

/** What stands in the place of a wording. */
function placeIn(wording: string, text: string): string | undefined {
  const [before, after] = wording.split(/\{\w+\}/);
  const isSame =
    text.startsWith(before) && text.endsWith(after) && text.length > before.length + after.length;
  return isSame ? text.slice(before.length, text.length - after.length) : undefined;
}
