/** The interface of a task on scenes: from a scene to questions with answers and regions. */
import type { Random } from "../../common/random.ts";
import type { Box } from "../../grounding/geometry.ts";
import type { Region } from "../../grounding/region.ts";
import {
  frameOf,
  hundredths,
  type PlaceStyle,
  stepNames,
  boxText as writeBox,
  pointText as writePoint,
} from "../../grounding/text.ts";
import type { AnswerType, Question } from "../example.ts";
import type { Scene, SceneObject } from "../scenes/placed.ts";

/** How questions are asked. */
export interface QuestionOptions {
  /** How many wordings of each question are used, the plainest first. */
  readonly wordings: number;
  /** Least distance of an object's centre from the border of its cell, as a share of the cell. */
  readonly clearance: number;
  /** Coordinates in answers are the middles of so many equal steps, in hundredths of the side, rounded down. */
  readonly pointBins: number;
  /** How evidence is given: what shows of the object, the box around that, or the point in its middle. */
  readonly evidence: (typeof evidenceForms)[number];
  /** What a referring expression is answered with. */
  readonly referringAnswer: "cell" | "point" | "box";
}

export const evidenceForms = ["mask", "box", "point"] as const;

export const defaultQuestionOptions: QuestionOptions = {
  wordings: 1,
  clearance: 0.1,
  pointBins: 100,
  evidence: "mask",
  referringAnswer: "box",
};

/** What a task may ask about: one scene, every name that exists, and a source of chance of its own. */
export interface Asking {
  readonly scene: Scene;
  readonly names: readonly string[];
  readonly random: Random;
  readonly options: QuestionOptions;
}

/** A kind of question about scenes; one file each, one line in the registry. */
export interface SceneTask {
  /** One line for people. */
  readonly description: string;
  /** Wordings with places `{...}`; words and marks are separated by spaces. The plainest comes first. */
  readonly wordings: readonly string[];
  /** Chance of coloured discs that scenes need for this task. */
  readonly plates?: number;
  /** Chance of objects of the same name that scenes need for this task. */
  readonly repeats?: number;
  /** Many other answers would be as right: it is trained on where it is named, and not scored. */
  readonly open?: boolean;
  /** Kind of its answers; "text" when left out. */
  answerType?(options: QuestionOptions): AnswerType;
  /** A question about the scene; undefined when the scene allows none. */
  ask(asking: Asking): Omit<Question, "task" | "answerType"> | undefined;
  /** Every word of an answer that is not a name, or that fills a place in a wording. */
  words(grid: number, options: QuestionOptions): readonly string[];
}

/** Fills the places of a wording chosen at random among the first `options.wordings`. */
export function worded(wordings: readonly string[], places: Record<string, string>, asking: Asking): string {
  const wording = asking.random.pick(wordings.slice(0, Math.max(1, asking.options.wordings)));
  return wording.replaceAll(/\{(\w+)\}/g, (_, place: string) => places[place]);
}

/** "a cat", "an apple" */
export function withArticle(name: string): string {
  return `${/^(?!uni|eu)[aeiou]/.test(name) ? "an" : "a"} ${name}`;
}

/** The name of a grid cell: column letter, row digit, from `a1` at the top left. */
export function cellName(column: number, row: number): string {
  return `${String.fromCharCode(97 + column)}${row + 1}`;
}

export function cellNames(grid: number): string[] {
  return Array.from({ length: grid * grid }, (_, i) => cellName(i % grid, Math.floor(i / grid)));
}

/** The cell that holds the object's visible centre. */
export function cellOf({ grid, image }: Scene, { centre: [x, y] }: SceneObject): string {
  return cellName(Math.floor((x / image.width) * grid), Math.floor((y / image.height) * grid));
}

/** Objects whose name no other object has. */
export function soleObjects(objects: readonly SceneObject[], { scene }: Asking): SceneObject[] {
  return objects.filter(({ name }) => scene.objects.filter((other) => other.name === name).length === 1);
}

/** Objects whose visible centre is clearly inside its cell. */
export function clearObjects({ scene, options }: Asking): SceneObject[] {
  const { grid, image } = scene;
  const clear = (share: number) => {
    const within = share * grid - Math.floor(share * grid);
    return within >= options.clearance && within <= 1 - options.clearance;
  };
  return scene.objects.filter(({ centre: [x, y] }) => clear(x / image.width) && clear(y / image.height));
}

/** What makes a question about this object hard. */
export function difficulty(scene: Scene, object: SceneObject): Record<string, number> {
  return {
    objects: scene.objects.length,
    visible: Math.round(object.visible * 100) / 100,
    area: object.area,
  };
}

/** The evidence for a question about this object, in the form that the options ask for. */
export function evidence(object: SceneObject, { options }: Pick<Asking, "options">): Region[] {
  if (options.evidence === "mask") return [object.mask];
  if (options.evidence === "point") return [{ kind: "points", points: [object.centre] }];
  return [{ kind: "box", box: object.box }];
}

/** "34 71": x and y of a point in hundredths of the image's sides. */
export function pointText(point: readonly [number, number], { scene, options }: Asking): string {
  return writePoint(point, styleOf(options), frameOf(scene.image));
}

/** "12 30 40 62": the corners of a box. */
export function boxText(box: Box, { scene, options }: Asking): string {
  return writeBox(box, styleOf(options), frameOf(scene.image));
}

const styleOf = ({ pointBins }: QuestionOptions): PlaceStyle => ({ ...hundredths, steps: pointBins });

export function binNames({ pointBins }: QuestionOptions): string[] {
  return stepNames({ steps: pointBins });
}
