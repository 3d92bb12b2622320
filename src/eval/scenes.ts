import { UserError } from "../common/errors.ts";
import { conceptWords } from "../data/assets/concepts.ts";
import { loadCutOuts, type Split } from "../data/assets/load.ts";
import type { Example } from "../data/example.ts";
import { type SceneExampleOptions, sceneExamples } from "../data/tasks/examples.ts";
import { sceneTasks, type TaskName, taskNames } from "../data/tasks/registry.ts";
import { cellNames, defaultQuestionOptions, type SceneTask } from "../data/tasks/task.ts";
import type { Vlm } from "../lens/model.ts";

export interface SceneChoice {
  readonly count: number;
  readonly seed: number | string;
  /** Emoji styles or folders of cut-outs; default Fluent 3D. */
  readonly sources?: readonly string[];
  /** Only these tasks; all that the model has the words for without it. */
  readonly tasks?: readonly TaskName[];
  readonly questionsPerImage?: number;
  readonly split?: Split;
}

/**
 * Held-out scenes in the words of a model: only concepts, tasks and grid sizes whose every word its vocabulary
 * knows, drawn in its own image size. The same choice and vocabulary give the same scenes.
 */
export async function scenesFor(model: Vlm, choice: SceneChoice): Promise<Example[]> {
  const { count, seed, sources, questionsPerImage = 4, split = "test" } = choice;
  const grid = knownGrid(model);
  const names = conceptWords().filter((word) => knowsAll(model, word.split(" ")));
  const tasks = (choice.tasks ?? taskNames).filter((task) => knowsTask(model, sceneTasks[task], grid));
  if (names.length === 0 || tasks.length === 0)
    throw new UserError(
      `eval: the vocabulary of ${model.name} has no words for scenes; give --data a folder`,
    );
  const all = await loadCutOuts({ sources });
  const pictured = names.filter((name) => all.names.includes(name));
  const cutOuts = await loadCutOuts({ sources, names: pictured, split });
  const options: SceneExampleOptions = {
    scene: { size: model.facts.imageSize, grid },
    tasks,
    questionsPerImage,
    split,
  };
  return [...sceneExamples({ cutOuts }, { ...options, seed, count })];
}

/** The finest grid whose cells the vocabulary can name. */
function knownGrid(model: Vlm): number {
  for (let grid = 9; grid > 1; grid--) if (knowsAll(model, cellNames(grid))) return grid;
  return 1;
}

function knowsTask(model: Vlm, task: SceneTask, grid: number): boolean {
  const plain = task.wordings[0].replaceAll(/\{\w+\}/g, " ").split(/\s+/);
  return knowsAll(model, [...plain, ...task.words(grid, defaultQuestionOptions)]);
}

function knowsAll({ chat: { tokenizer } }: Vlm, words: readonly string[]): boolean {
  return words.every((word) => {
    if (word === "") return true;
    const ids = tokenizer.encode(word);
    return tokenizer.special.unk === undefined || !ids.includes(tokenizer.special.unk);
  });
}
