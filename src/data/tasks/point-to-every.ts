import { binNames, difficulty, evidence, pointText, type SceneTask, worded } from "./task.ts";

const wordings = ["point to every {name} .", "give the position of each {name} ."];

/**
 * "point to every cat ." -> "34 71 , 80 12": the visible centres of all of a name, from top to bottom, in hundredths of
 * the image, as in PixMo-Points (Deitke et al. 2024).
 */
export const pointToEvery: SceneTask = {
  description: "give the positions of all objects of a name",
  wordings,
  repeats: 0.5,
  answerType: () => "points",
  ask(asking) {
    const { scene, random } = asking;
    const name = random.pick([...new Set(scene.objects.map((object) => object.name))]);
    const named = scene.objects.filter((object) => object.name === name);
    const inOrder = [...named].sort((a, b) => a.centre[1] - b.centre[1] || a.centre[0] - b.centre[0]);
    return {
      question: worded(wordings, { name }, asking),
      answer: inOrder.map(({ centre }) => pointText(centre, asking)).join(" , "),
      regions: inOrder.flatMap((object) => evidence(object, asking)),
      difficulty: { ...difficulty(scene, named[0]), instances: named.length },
    };
  },
  words: (_, options) => [",", ...binNames(options)],
};
