import type { Scene, SceneObject } from "../scenes/placed.ts";
import { plateColours } from "../scenes/placed.ts";
import { leastShown, type Offset, relations } from "./referring.ts";
import { type Asking, evidence, type SceneTask, withArticle, worded } from "./task.ts";

const wordings = ["what is in the picture ?", "describe the picture ."];

/**
 * "what is in the picture ?" -> "a cat at the top left , a dog above a car and a cup on a red disc": every object, in any
 * order, each said in a way that is true of it and drawn at random. For teaching what pictures show, not for scoring.
 */
export const caption: SceneTask = {
  description: "say what is in the picture and where",
  wordings,
  plates: 0.5,
  open: true,
  ask(asking) {
    const { scene, random } = asking;
    const said = phrases(random.shuffle(scene.objects), asking);
    return {
      question: worded(wordings, {}, asking),
      answer: listed(said),
      regions: scene.objects.flatMap((object) => evidence(object, asking)),
      difficulty: { objects: scene.objects.length },
    };
  },
  words: () => [
    ...["a", "an", "and", ",", "at", "in", "on", "the", "disc", "top", "bottom", "left", "right", "middle"],
    ...["above", "below", "of"],
    ...Object.keys(plateColours),
  ],
};

/** One for each object, or for two where one is said to be beside the other. */
function phrases([first, ...rest]: readonly SceneObject[], asking: Asking): string[] {
  if (first === undefined) return [];
  const name = withArticle(first.name);
  const related = rest.flatMap((other) =>
    relationsOf(first, other, asking.scene).map((text) => ({ other, text })),
  );
  const forms = [
    () => ({ text: name, left: rest }),
    ...placesOf(first, asking.scene).map((place) => () => ({ text: `${name} ${place}`, left: rest })),
    ...discOf(first).map((disc) => () => ({ text: `${name} ${disc}`, left: rest })),
    ...(related.length > 0 ? [() => besideOf(name, asking.random.pick(related), rest)] : []),
  ];
  const { text, left } = asking.random.pick(forms)();
  return [text, ...phrases(left, asking)];
}

function besideOf(
  name: string,
  { other, text }: { other: SceneObject; text: string },
  rest: readonly SceneObject[],
) {
  return {
    text: `${name} ${text} ${withArticle(other.name)}`,
    left: rest.filter((object) => object !== other),
  };
}

function relationsOf(object: SceneObject, other: SceneObject, { image }: Scene): string[] {
  const offset: Offset = [
    (object.centre[0] - other.centre[0]) / image.width,
    (object.centre[1] - other.centre[1]) / image.height,
  ];
  return Object.entries(relations).flatMap(([words, holds]) => (holds(offset) === true ? [words] : []));
}

/** Thirds of a side, with room between them in which nothing is said. */
const thirds = [
  [0, 0.3],
  [0.37, 0.63],
  [0.7, 1],
] as const;

const thirdOf = (share: number) => thirds.findIndex(([least, most]) => share >= least && share <= most);

/** "at the top left", "in the middle", "at the right"; none where its centre lies between two of these. */
function placesOf({ centre: [x, y] }: SceneObject, { image }: Scene): string[] {
  const [column, row] = [thirdOf(x / image.width), thirdOf(y / image.height)];
  if (column < 0 || row < 0) return [];
  const words = [["top", "", "bottom"][row], ["left", "", "right"][column]].filter((word) => word !== "");
  return [words.length === 0 ? "in the middle" : `at the ${words.join(" ")}`];
}

function discOf({ plate }: SceneObject): string[] {
  return plate !== undefined && plate.visible >= leastShown ? [`on ${withArticle(plate.colour)} disc`] : [];
}

/** "a", "a and b", "a , b and c" */
function listed(items: readonly string[]): string {
  const [last, ...before] = [...items].reverse();
  return before.length === 0 ? last : `${before.reverse().join(" , ")} and ${last}`;
}
