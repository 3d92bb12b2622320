import { cellNames, cellOf, clearObjects, difficulty, evidence, type SceneTask, worded } from "./task.ts";

const wordings = ["what is at {cell} ?", "which object is in cell {cell} ?"];

/** "what is at b3 ?" -> "cat". Asked only of cells that hold the centre of exactly one object, clearly inside. */
export const naming: SceneTask = {
  description: "name the object in a cell of the grid",
  wordings,
  ask(asking) {
    const { scene, random } = asking;
    const alone = clearObjects(asking).filter(
      (object) =>
        scene.objects.filter((other) => cellOf(scene, other) === cellOf(scene, object)).length === 1,
    );
    if (alone.length === 0) return undefined;
    const object = random.pick(alone);
    return {
      question: worded(wordings, { cell: cellOf(scene, object) }, asking),
      answer: object.name,
      regions: evidence(object, asking),
      difficulty: { ...difficulty(scene, object), grid: scene.grid },
    };
  },
  words: cellNames,
};
