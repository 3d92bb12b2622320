/**
 * Examples by their place in the run, the same for every caller: what makes a resumed run see what an
 * uninterrupted one would, and lets a worker prepare batches ahead.
 */
import { type AugmentOptions, augmentedScene } from "../../data/augment/options.ts";
import { refOf } from "../../data/example.ts";
import { loadSceneAssets } from "../../data/imagefolder/recipe.ts";
import { defaultSceneOptions } from "../../data/scenes/options.ts";
import { sceneTasksOf, type WorldOptions, worldMaker, worldWords } from "../../data/tasks/world.ts";
import { readConfig } from "../../hub/folder.ts";
import { modelFolder } from "../../hub/net/cache.ts";
import type { ModelFamily } from "../../models/contract/family.ts";
import { familyOf } from "../../models/registry.ts";
import { imagesSeeQuestion } from "../../nn/visibility.ts";
import type { TrainConfig } from "../config/config.ts";
import type { Source } from "./examples.ts";
import { folderSource } from "./folder-source.ts";

/** `families`: the user's own. */
export async function openSource(
  config: TrainConfig,
  families: readonly ModelFamily[] = [],
): Promise<Source> {
  const apart = await asksApart(config, families);
  const { folder } = config.data;
  if (folder !== null) return folderSource(config, folder, apart);
  return madeSource(apart ? { ...config, data: { ...config.data, questionsPerImage: 1 } } : config);
}

/** Whether each question needs a row of its own: with a model whose image tokens see the question. */
async function asksApart({ model }: TrainConfig, own: readonly ModelFamily[]): Promise<boolean> {
  if (model.from === null) return false;
  const config = await readConfig(await modelFolder(model.from));
  return config !== undefined && imagesSeeQuestion(familyOf(config, model.from, own).visibility);
}

/** Examples from which the sizes of a batch are read. */
const SAMPLE = 256;

/** Scenes and drawings made on the fly. */
async function madeSource(config: TrainConfig): Promise<Source> {
  const { data, train } = config;
  const worlds = [trainingWorld(config), ...config.stages.map((stage) => trainingWorld(config, stage))];
  const onScenes = worlds.some(({ tasks }) => sceneTasksOf(tasks).length > 0);
  const assets = onScenes ? await loadAssets(config) : undefined;
  const names = assets?.cutOuts.names ?? [];
  const [last, ...makers] = worlds.map((world) => worldMaker(assets, world));
  const makerAt = (step: number) => makers[stageAt(config, step)] ?? last;
  const held = worldMaker(assets, { ...worldOf(config), split: "validation" });
  const many = (make: typeof last, start: number) =>
    Array.from({ length: train.batchSize }, (_, i) => make(data.seed, start + i));
  return {
    batch: async (step, micro) => many(makerAt(step), (step * train.accumulate + micro) * train.batchSize),
    evaluation: async (batch) => many(held, batch * train.batchSize),
    words: [...new Set([...worlds, laterWorld(config)].flatMap((world) => worldWords(world, names)))].sort(),
    concepts: names,
    maxConcepts: onScenes ? maxObjects(config) + data.absentConcepts : 1,
    sample: [last, ...makers].flatMap((make) =>
      Array.from({ length: SAMPLE }, (_, i) => refOf(make(data.seed, i))),
    ),
  };
}

type Stage = TrainConfig["stages"][number];

/** The index of the stage that a step belongs to; the number of stages after the last. */
export function stageAt({ stages }: TrainConfig, step: number): number {
  let end = 0;
  const index = stages.findIndex((stage) => {
    end += stage.steps;
    return step < end;
  });
  return index < 0 ? stages.length : index;
}

function loadAssets({ data }: TrainConfig) {
  return loadSceneAssets({
    sources: data.cutouts,
    ...(data.heldOutPictures && { split: data.split }),
    ...(data.names !== null && { names: data.names }),
    ...(data.backgroundFolder !== null && { backgrounds: data.backgroundFolder }),
  });
}

/** Tasks that only lend their words. */
function laterWorld(config: TrainConfig): WorldOptions {
  const { data } = config;
  return worldOf({ ...config, data: { ...data, tasks: data.vocabulary } });
}

/** What a run, or a stage of it, draws its examples from. Pictures are made at the model's own size. */
export function worldOf({ data, model }: TrainConfig, stage?: Stage): WorldOptions {
  const size = model.vision.imageSize;
  const tasks = stage?.tasks ?? data.tasks;
  return {
    scene: { size, ...data.scene, ...stage?.scene } as NonNullable<WorldOptions["scene"]>,
    axes: Object.fromEntries(tasks.map((task) => [task, { size, ...data.axes[task], ...stage?.axes[task] }])),
    tasks,
    questionsPerImage: data.questionsPerImage,
    absentConcepts: data.absentConcepts,
    split: data.split,
    ...data.questions,
  };
}

/** The same with the random changes of training. */
function trainingWorld(config: TrainConfig, stage?: Stage): WorldOptions {
  const world = worldOf(config, stage);
  return {
    ...world,
    scene: augmentedScene(world.scene ?? {}, config.data.augment as AugmentOptions, defaultSceneOptions),
  };
}

function maxObjects({ data, stages }: TrainConfig): number {
  const ranges = [data.scene, ...stages.map(({ scene }) => scene)].map(({ objects }) => objects);
  return Math.max(...ranges.map((range) => (range ?? defaultSceneOptions.objects)[1]));
}
