/** The tasks on scenes. */
import { caption } from "./caption.ts";
import { colour } from "./colour.ts";
import { gridPatch } from "./grid-patch.ts";
import { naming } from "./naming.ts";
import { pointToEvery } from "./point-to-every.ts";
import { pointing } from "./pointing.ts";
import { presence } from "./presence.ts";
import { referring } from "./referring.ts";
import { defaultQuestionOptions, type QuestionOptions, type SceneTask } from "./task.ts";

/** Every task on scenes. A new one is its file and a line here. */
export const sceneTasks = {
  naming,
  "grid-patch": gridPatch,
  presence,
  pointing,
  colour,
  "point-to-every": pointToEvery,
  referring,
  caption,
} as const satisfies Record<string, SceneTask>;

export type TaskName = keyof typeof sceneTasks;
export const taskNames = Object.keys(sceneTasks) as TaskName[];

/** Those whose answers are right or wrong. */
export const scoredTaskNames = taskNames.filter((name) => !(sceneTasks[name] as SceneTask).open);

/** What is asked when no task is named: all of those that do not need several objects of one name. */
export const usualTaskNames = scoredTaskNames.filter((name) => !(sceneTasks[name] as SceneTask).repeats);

export interface VocabularyOptions extends Partial<QuestionOptions> {
  /** Names of concepts; several words in one name count singly. */
  readonly names: readonly string[];
  readonly tasks?: readonly TaskName[];
  /** Cells a side; 4 when left out. */
  readonly grid?: number;
}

/** Every word and mark that questions, answers and concepts can hold, sorted: a word tokenizer's vocabulary. */
export function vocabulary({
  names,
  tasks = usualTaskNames,
  grid = 4,
  ...given
}: VocabularyOptions): string[] {
  const options = { ...defaultQuestionOptions, ...given };
  const ofTask = (name: TaskName) => {
    const task: SceneTask = sceneTasks[name];
    const fixed = task.wordings
      .slice(0, Math.max(1, options.wordings))
      .join(" ")
      .replaceAll(/\{\w+\}/g, "");
    return [...fixed.split(" "), ...task.words(grid, options)];
  };
  const words = [...names.flatMap((name) => name.split(" ")), ...tasks.flatMap(ofTask)];
  return [...new Set(words.filter((word) => word !== ""))].sort();
}
