import { binNames, difficulty, evidence, pointText, type SceneTask, soleObjects, worded } from "./task.ts";

const wordings = ["point to the {name} .", "give the position of the {name} ."];

/** "point to the cat ." -> "34 71": x and y of its visible centre in hundredths of the image, rounded down. */
export const pointing: SceneTask = {
  description: "give an object's position as two numbers",
  wordings,
  answerType: () => "points",
  ask(asking) {
    const { scene, random } = asking;
    const alone = soleObjects(scene.objects, asking);
    if (alone.length === 0) return undefined;
    const object = random.pick(alone);
    return {
      question: worded(wordings, { name: object.name }, asking),
      answer: pointText(object.centre, asking),
      regions: evidence(object, asking),
      difficulty: difficulty(scene, object),
    };
  },
  words: (_, options) => binNames(options),
};
