/** Pictures of scenes, as rooms show them; refs are `scene:77-4`, and what {@link encodeScene} says of edited ones. */
import type { CutOutSet } from "../../../../data/assets/cutout.ts";
import { paintPlaced } from "../../../../data/scenes/placed.ts";
import type { ShownPicture } from "../../studio.ts";
import { knownObjects, type SceneTruth, truthOf } from "../say/truth.ts";
import { decodeScene, encodeScene } from "./encode.ts";
import { loadCutOuts } from "./load-cut-outs.ts";
import { isCoarseEnough, openScene, type PlayScene, type SceneChoice, thingsOf } from "./scene.ts";

/** A scene with the cut-outs that it was painted with. */
export interface OpenedScene {
  readonly scene: PlayScene;
  readonly cutOuts: CutOutSet;
}

/** Loads what the scene needs: the small file, or the large one too. */
export async function readChoice(choice: SceneChoice): Promise<OpenedScene> {
  const known = await loadCutOuts("coarse");
  const scene = openScene(known, choice);
  const cutOuts = isCoarseEnough(scene, known) ? known : await loadCutOuts("fine");
  return { scene, cutOuts };
}

/** A painted scene, with its truth. */
export interface PaintedChoice {
  readonly truth: SceneTruth;
  readonly shown: ShownPicture;
  /** For each thing whether anything of it shows. */
  readonly visible: readonly boolean[];
}

export function paintChoice({ scene, cutOuts }: OpenedScene): PaintedChoice {
  const painted = paintPlaced({ cutOuts }, scene.placed);
  const truth = truthOf(
    painted,
    thingsOf(scene).map(({ name }) => name),
  );
  const text = encodeScene(scene.choice);
  const { seed, index } = scene.choice.origin;
  const name = `scene ${seed}-${index}${scene.choice.edits === undefined ? "" : ", edited"}`;
  const shown = { ref: `scene:${text}`, name, image: painted.image, truth: knownObjects(truth) };
  return { truth, shown, visible: painted.objects.map((object) => object !== undefined) };
}

/** Throws a UserError for a ref that names no scene. */
export async function readSceneRef(ref: string): Promise<ShownPicture> {
  return paintChoice(await readChoice(decodeScene(ref.replace(/^scene:/, "")))).shown;
}
