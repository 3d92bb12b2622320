import { plateColours } from "../scenes/placed.ts";
import { difficulty, evidence, type SceneTask, soleObjects, worded } from "./task.ts";

const wordings = ["what colour is behind the {name} ?", "which colour is the disc behind the {name} ?"];

/** A disc is asked about when this much of it shows beside the object on it. */
const leastShown = 0.2;

/** "what colour is behind the cat ?" -> "red", the colour of the disc that the cat stands on. */
export const colour: SceneTask = {
  description: "name the colour of the disc behind an object",
  wordings,
  plates: 0.6,
  ask(asking) {
    const { scene, random } = asking;
    const plated = soleObjects(scene.objects, asking).flatMap((object) => {
      const { plate } = object;
      return plate?.part !== undefined && plate.visible >= leastShown
        ? [{ object, colour: plate.colour, disc: plate.part.mask }]
        : [];
    });
    if (plated.length === 0) return undefined;
    const { object, colour, disc } = random.pick(plated);
    return {
      question: worded(wordings, { name: object.name }, asking),
      answer: colour,
      regions: [...evidence(object, asking), disc],
      difficulty: difficulty(scene, object),
    };
  },
  words: () => Object.keys(plateColours),
};
