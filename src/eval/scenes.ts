import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../common/errors.ts";
import { conceptWords } from "../data/assets/concepts.ts";
import { loadPhotos } from "../data/assets/folder.ts";
import { loadCutOuts, type Split } from "../data/assets/load.ts";
import type { Example } from "../data/example.ts";
import type { SceneOptions } from "../data/scenes/options.ts";
import { sceneExamples } from "../data/tasks/examples.ts";
import { sceneTasks, type TaskName, taskNames } from "../data/tasks/registry.ts";
import { cellNames, defaultQuestionOptions, type SceneTask } from "../data/tasks/task.ts";
import type { Vlm } from "../lens/model.ts";
import { loadConfig } from "../train/config.ts";

export interface SceneChoice {
  readonly count: number;
  readonly seed: number | string;
  /** Emoji styles or folders of cut-outs; default those that the model was trained on. */
  readonly sources?: readonly string[];
  /** A folder of photos; painted backgrounds without it. */
  readonly backgrounds?: string;
  /** Default 4. */
  readonly questionsPerImage?: number;
  /**
   * Default "test": scenes, and where a name has several pictures also pictures, that training never shows.
   */
  readonly split?: Split;
}

/**
 * Held-out scenes for a model, of the concepts, tasks and sizes that it was trained on. The same choice and
 * the same training config give the same scenes.
 */
export async function scenesFor(model: Vlm, choice: SceneChoice): Promise<Example[]> {
  const { count, seed, backgrounds, questionsPerImage = 4, split = "test" } = choice;
  const world = (await trainedWorld(model)) ?? (await knownWorld(model));
  const sources = choice.sources ?? world.sources;
  const pictured = new Set((await loadCutOuts({ sources })).names);
  const names = world.names.filter((name) => pictured.has(name));
  if (names.length === 0)
    throw new UserError(`scenes: ${sources.join(", ")} has no picture of a concept that ${model.name} knows`);
  const cutOuts = await loadCutOuts({ sources, names, split });
  const photos = backgrounds === undefined ? {} : { photos: await loadPhotos(backgrounds) };
  const options = { scene: world.scene, tasks: world.tasks, questionsPerImage, split, seed, count };
  return [...sceneExamples({ cutOuts, ...photos }, options)];
}

/** What scenes may hold for a model. */
interface World {
  readonly sources: readonly string[];
  readonly names: readonly string[];
  readonly tasks: readonly TaskName[];
  readonly scene: Partial<SceneOptions>;
}

/** The training config beside a model: in its folder, or in the folder of the run that it belongs to. */
const configFiles = ["training.yaml", "../config.yaml", "../../config.yaml"];

async function trainedWorld({ folder, facts }: Vlm): Promise<World | undefined> {
  const path = configFiles.map((file) => join(folder, file)).find((file) => existsSync(file));
  if (path === undefined) return undefined;
  const { data } = await loadConfig({ file: path });
  if (data.folder !== null) return undefined;
  const names = data.names ?? undefined;
  const cutOuts = await loadCutOuts({ sources: data.cutouts, ...(names !== undefined && { names }) });
  const scene = { size: facts.imageSize, ...data.scene } as Partial<SceneOptions>;
  return { sources: data.cutouts, names: cutOuts.names, tasks: data.tasks as TaskName[], scene };
}

/** Without a config: the concepts, tasks and grid whose every word the vocabulary knows. */
async function knownWorld(model: Vlm): Promise<World> {
  const grid = knownGrid(model);
  const names = conceptWords().filter((word) => knowsAll(model, word.split(" ")));
  const tasks = taskNames.filter((task) => knowsTask(model, sceneTasks[task], grid));
  if (names.length === 0 || tasks.length === 0)
    throw new UserError(`scenes: ${model.name} has no words for scenes; give --data a folder`);
  return { sources: ["fluent-3d"], names, tasks, scene: { size: model.facts.imageSize, grid } };
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
