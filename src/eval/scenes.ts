/** Held-out scenes in the words that a model knows. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../common/errors.ts";
import { conceptWords } from "../data/assets/concepts.ts";
import { loadPhotos } from "../data/assets/folder.ts";
import { loadCutOuts, type Split } from "../data/assets/load.ts";
import type { Example } from "../data/example.ts";
import { loadSceneAssets } from "../data/imagefolder/recipe.ts";
import { type BackgroundKind, backgrounds } from "../data/scenes/background.ts";
import type { SceneAssets, SceneOptions } from "../data/scenes/options.ts";
import { isDrawnTask } from "../data/tasks/drawn-registry.ts";
import { sceneExamples } from "../data/tasks/examples.ts";
import { sceneTasks, scoredTaskNames, type TaskName } from "../data/tasks/registry.ts";
import {
  cellNames,
  defaultQuestionOptions,
  type QuestionOptions,
  type SceneTask,
} from "../data/tasks/task.ts";
import { sceneTasksOf, type WorldOptions, worldMaker } from "../data/tasks/world.ts";
import { worldOf } from "../train/batches/source.ts";
import { loadConfig, type TrainConfig } from "../train/config/config.ts";
import type { Vlm } from "../vlm/open.ts";

export interface SceneChoice {
  readonly count: number;
  readonly seed: number | string;
  /** Emoji styles or folders of cut-outs; default those that the model was trained on. */
  readonly sources?: readonly string[];
  /** A folder of photos, or kinds of painted backgrounds separated by commas; default those of training. */
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
  return scenesOf(model, await trainingConfig(model), choice);
}

/** The same for a model that was trained with this config on scenes or drawings; undefined: nobody knows how. */
export async function scenesOf(
  model: Vlm,
  config: TrainConfig | undefined,
  choice: SceneChoice,
): Promise<Example[]> {
  const { count, seed, questionsPerImage = 4, split = "test" } = choice;
  const trained = config && worldOf(config);
  if (trained?.tasks.some(isDrawnTask)) return drawnFor(config as TrainConfig, { ...trained, split }, choice);
  const world =
    trained === undefined ? await knownWorld(model) : await trainedWorld(model, config as TrainConfig);
  const sources = choice.sources ?? world.sources;
  const pictured = new Set((await loadCutOuts({ sources })).names);
  const names = world.names.filter((name) => pictured.has(name));
  if (names.length === 0)
    throw new UserError(`scenes: ${sources.join(", ")} has no picture of a concept that ${model.name} knows`);
  const apart = world.held && sources.every((source) => world.sources.includes(source));
  const cutOuts = await loadCutOuts({ sources, names, ...(apart && { split }) });
  const behind = await behindObjects(choice.backgrounds);
  const options = {
    ...world.questions,
    scene: { ...world.scene, ...behind.scene },
    tasks: world.tasks,
    questionsPerImage,
    split,
    seed,
    count,
  };
  return [...sceneExamples({ cutOuts, ...behind.assets }, options)];
}

/** What lies behind objects: photos of a folder, or painted kinds. */
async function behindObjects(
  wish: string | undefined,
): Promise<{ readonly assets?: Pick<SceneAssets, "photos">; readonly scene?: Partial<SceneOptions> }> {
  if (wish === undefined) return {};
  const kinds = wish.split(",");
  const arePainted = kinds.every((kind) => kind !== "photo" && Object.hasOwn(backgrounds, kind));
  if (arePainted) return { scene: { backgrounds: kinds as BackgroundKind[] } };
  return { assets: { photos: await loadPhotos(wish) }, scene: { backgrounds: ["photo"] } };
}

/** Examples of a model that was trained on tasks that draw their own pictures, maybe besides scenes. */
async function drawnFor(config: TrainConfig, world: WorldOptions, choice: SceneChoice): Promise<Example[]> {
  if (choice.sources !== undefined || choice.backgrounds !== undefined)
    throw new UserError("scenes: sources and backgrounds are for models that were trained on scenes");
  const { names, cutouts, split = "test" } = { ...config.data, ...choice };
  const recipe = {
    sources: cutouts,
    ...(config.data.heldOutPictures && { split }),
    ...(names !== null && { names }),
  };
  const assets = sceneTasksOf(world.tasks).length > 0 ? await loadSceneAssets(recipe) : undefined;
  const make = worldMaker(assets, { ...world, split });
  return Array.from({ length: choice.count }, (_, index) => make(choice.seed, index));
}

/** What scenes may hold for a model. */
interface World {
  readonly sources: readonly string[];
  readonly names: readonly string[];
  readonly tasks: readonly TaskName[];
  readonly scene: Partial<SceneOptions>;
  /** Whether training kept some of a name's pictures back: of sources that it never saw all are asked about. */
  readonly held: boolean;
  readonly questions?: Partial<QuestionOptions>;
}

/** The config of the run that the folder lies in, with its own paths; else the one that goes along with a model. */
function configOf(folder: string): string | undefined {
  const run = ["..", "../.."]
    .map((up) => join(folder, up))
    .find((up) => existsSync(join(up, "metrics.jsonl")));
  const files = [...(run === undefined ? [] : [join(run, "config.yaml")]), join(folder, "training.yaml")];
  return files.find((file) => existsSync(file));
}

async function trainingConfig({ folder }: Vlm): Promise<TrainConfig | undefined> {
  const path = configOf(folder);
  const config = path === undefined ? undefined : await loadConfig({ file: path });
  return config?.data.folder === null ? config : undefined;
}

async function trainedWorld({ facts }: Vlm, { data }: TrainConfig): Promise<World> {
  const names = data.names ?? undefined;
  const cutOuts = await loadCutOuts({ sources: data.cutouts, ...(names !== undefined && { names }) });
  const scene = { size: facts.imageSize, ...data.scene } as Partial<SceneOptions>;
  const questions = data.questions as Partial<QuestionOptions>;
  const tasks = scored(data.tasks);
  return { sources: data.cutouts, names: cutOuts.names, tasks, scene, questions, held: data.heldOutPictures };
}

/** What of a config's tasks is asked, in the config's order, on which scenes depend: none where all were captions, say. */
const scored = (tasks: readonly string[]) =>
  (tasks as readonly TaskName[]).filter((task) => scoredTaskNames.includes(task));

/** Without a config: the concepts, tasks and grid whose every word the vocabulary knows. */
async function knownWorld(model: Vlm): Promise<World> {
  const grid = knownGrid(model);
  const names = conceptWords().filter((word) => knowsAll(model, word.split(" ")));
  const tasks = scoredTaskNames.filter((task) => knowsTask(model, sceneTasks[task], grid));
  if (names.length === 0 || tasks.length === 0)
    throw new UserError(`scenes: ${model.name} has no words for scenes; give --data a folder`);
  const scene = { size: model.facts.imageSize, grid };
  return { sources: ["fluent-3d"], names, tasks, scene, held: true };
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
