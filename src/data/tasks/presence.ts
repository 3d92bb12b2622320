import { type Asking, difficulty, evidence, type SceneTask, withArticle, worded } from "./task.ts";

const wordings = ["is there {aName} ?", "can you see {aName} ?"];

/** "is there a cat ?" -> yes or no, half each; every name is as often present as absent. */
export const presence: SceneTask = {
  description: "say whether an object is in the image",
  wordings,
  answerType: () => "yes-no",
  ask(asking) {
    return asking.random.uniform() < 0.5 ? askPresent(asking) : askAbsent(asking);
  },
  words: () => ["a", "an", "yes", "no"],
};

function askPresent(asking: Asking) {
  const object = asking.random.pick(asking.scene.objects);
  return {
    question: worded(wordings, { aName: withArticle(object.name) }, asking),
    answer: "yes",
    regions: evidence(object, asking),
    difficulty: difficulty(asking.scene, object),
  };
}

/** The answer "no" has no evidence anywhere, so no region. */
function askAbsent(asking: Asking) {
  const present = new Set(asking.scene.objects.map((object) => object.name));
  const absent = asking.names.filter((name) => !present.has(name));
  if (absent.length === 0) return undefined;
  return {
    question: worded(wordings, { aName: withArticle(asking.random.pick(absent)) }, asking),
    answer: "no",
    regions: [],
    difficulty: { objects: asking.scene.objects.length },
  };
}
