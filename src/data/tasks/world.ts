/** Examples of several tasks, mixed. */
import { random } from "../../common/random.ts";
import type { Example } from "../example.ts";
import type { SceneAssets } from "../scenes/options.ts";
import { drawnExampleMaker, drawnWords } from "./drawn-examples.ts";
import { drawnTaskNames, isDrawnTask } from "./drawn-registry.ts";
import { exampleMaker, type SceneExampleOptions } from "./examples.ts";
import { scoredTaskNames, type TaskName, taskNames, vocabulary } from "./registry.ts";

export const allTaskNames: readonly string[] = [...taskNames, ...drawnTaskNames];

/** Those of them that have a frozen benchmark: whose answers are right or wrong. */
export const benchmarkTaskNames: readonly string[] = [...scoredTaskNames, ...drawnTaskNames];

/** A mixture of tasks on scenes and tasks that draw their own pictures. */
export interface WorldOptions extends Omit<SceneExampleOptions, "tasks"> {
  readonly tasks: readonly string[];
  /** Axes of drawn tasks, by name; what is left out has the task's default. */
  readonly axes?: Readonly<Record<string, unknown>>;
}

export type MakeExample = (seed: number | string, index: number) => Example;

/** Tasks that need scenes. */
export function sceneTasksOf(tasks: readonly string[]): TaskName[] {
  return tasks.filter((name) => !isDrawnTask(name)) as TaskName[];
}

/**
 * A function that makes example `index` of stream `seed`, as often of each task. `assets` may be left out where no
 * task needs scenes.
 */
export function worldMaker(assets: SceneAssets | undefined, options: WorldOptions): MakeExample {
  const { tasks, axes = {}, ...scene } = options;
  const onScenes = sceneTasksOf(tasks);
  const scenes = assets && onScenes.length > 0 && exampleMaker(assets, { ...scene, tasks: onScenes });
  const drawn = tasks.filter(isDrawnTask).map((name) => drawnExampleMaker(name, axes[name], scene.split));
  const turns: MakeExample[] = [...(scenes ? onScenes.map(() => scenes) : []), ...drawn];
  if (turns.length === 1 || drawn.length === 0) return turns[0];
  return (seed, index) => random("turn", seed, index).pick(turns)(seed, index);
}

/** Every word of the tasks' questions, answers and concepts. */
export function worldWords(
  { tasks, axes = {}, scene, ...rest }: WorldOptions,
  names: readonly string[],
): string[] {
  const onScenes = sceneTasksOf(tasks);
  const grid = scene?.grid;
  const sceneWords =
    onScenes.length > 0 ? vocabulary({ ...rest, names, tasks: onScenes, ...(grid && { grid }) }) : [];
  const drawn = tasks.filter(isDrawnTask).flatMap((name) => drawnWords(name, axes[name]));
  return [...new Set([...sceneWords, ...drawn])].sort();
}
