import { difficulty, evidence, type SceneTask, worded } from "./task.ts";

const wordings = ["point to the {name} .", "give the position of the {name} ."];

/** "point to the cat ." -> "34 71": x and y of its visible centre in hundredths of the image, rounded down. */
export const pointing: SceneTask = {
  description: "give an object's position as two numbers",
  wordings,
  ask(asking) {
    const { scene, random, options } = asking;
    const object = random.pick(scene.objects);
    const bin = (share: number) => Math.min(options.pointBins - 1, Math.floor(share * options.pointBins));
    const [x, y] = object.centre;
    return {
      question: worded(wordings, { name: object.name }, asking),
      answer: `${bin(x / scene.image.width)} ${bin(y / scene.image.height)}`,
      regions: evidence(object),
      difficulty: difficulty(scene, object),
    };
  },
  words: (_, { pointBins }) => Array.from({ length: pointBins }, (_, i) => `${i}`),
};
