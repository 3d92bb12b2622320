import {
  cellNames,
  cellOf,
  clearObjects,
  difficulty,
  evidence,
  type SceneTask,
  soleObjects,
  worded,
} from "./task.ts";

const wordings = ["where is the {name} ?", "which cell holds the {name} ?"];

/** "where is the cat ?" -> "b3", the cell of its visible centre, which lies clearly inside. */
export const gridPatch: SceneTask = {
  description: "say which cell of the grid holds an object",
  wordings,
  answerType: () => "cell",
  ask(asking) {
    const clear = soleObjects(clearObjects(asking), asking);
    if (clear.length === 0) return undefined;
    const object = asking.random.pick(clear);
    return {
      question: worded(wordings, { name: object.name }, asking),
      answer: cellOf(asking.scene, object),
      regions: evidence(object, asking),
      difficulty: { ...difficulty(asking.scene, object), grid: asking.scene.grid },
    };
  },
  words: cellNames,
};
