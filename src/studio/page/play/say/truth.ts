/** What is known of a scene, as questions and scores take it. */
import { random } from "../../../../common/random.ts";
import type { PaintedScene, Scene, SceneObject } from "../../../../data/scenes/placed.ts";
import { type Asking, defaultQuestionOptions } from "../../../../data/tasks/task.ts";
import type { Region } from "../../../../grounding/region.ts";
import type { KnownObject } from "../../studio.ts";

/** What shows in a scene. */
export interface SceneTruth {
  readonly scene: Scene;
  /** Names of things that stand in the scene but of which nothing shows. */
  readonly hidden: readonly string[];
}

export function truthOf({ image, objects, grid }: PaintedScene, names: readonly string[]): SceneTruth {
  const shown = objects.filter((object) => object !== undefined);
  const shownNames = new Set(shown.map(({ name }) => name));
  const hidden = [...new Set(names.filter((name) => !shownNames.has(name)))];
  return { scene: { image, objects: shown, grid }, hidden };
}

/** Every name that shows, from the back to the front. */
export function shownNames({ scene }: SceneTruth): string[] {
  return [...new Set(scene.objects.map(({ name }) => name))];
}

/** The name of the thing that shows most. */
export function largestName({ scene }: SceneTruth): string | undefined {
  return [...scene.objects].sort((a, b) => b.area - a.area)[0]?.name;
}

/** Where a word shows: one mask for each thing of that name; none where it does not. */
export function regionsOf({ scene }: SceneTruth, word: string): Region[] {
  return scene.objects.filter(({ name }) => name === word).map(({ mask }) => mask);
}

export function knownObjects({ scene }: SceneTruth): KnownObject[] {
  return scene.objects.map(({ name, mask }: SceneObject) => ({ word: name, region: mask }));
}

/** The scene as the tasks ask about it. */
export function askingOf({ scene }: SceneTruth): Asking {
  return { scene, names: [], random: random("play"), options: defaultQuestionOptions };
}
