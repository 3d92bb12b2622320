/** What people do with the things of a scene: each gives the scene anew. `index` counts from the back. */
import type { Placement } from "../../../../data/scenes/paint.ts";
import { mostThings } from "./encode.ts";
import { type PlayScene, type SceneThing, sceneSize, settled, thingsOf, withEdits } from "./scene.ts";

/** A scene, and which of its things is chosen. */
export interface Chosen {
  readonly scene: PlayScene;
  readonly chosen?: number;
}

/** The scene with a thing placed otherwise. */
export function placeThing(scene: PlayScene, index: number, change: Partial<Placement>): PlayScene {
  const objects = thingsOf(scene).map((thing, i) =>
    i === index ? { ...thing, placement: { ...thing.placement, ...change } } : thing,
  );
  return withEdits(scene, { objects });
}

/** Moved by so many pixels. */
export function moveThing(scene: PlayScene, index: number, dx: number, dy: number): PlayScene {
  const { centreX, centreY } = thingsOf(scene)[index].placement;
  return placeThing(scene, index, { centreX: centreX + dx, centreY: centreY + dy });
}

export function scaleThing(scene: PlayScene, index: number, factor: number): PlayScene {
  return placeThing(scene, index, { side: thingsOf(scene)[index].placement.side * factor });
}

/** Turned by radians, clockwise. */
export function turnThing(scene: PlayScene, index: number, by: number): PlayScene {
  return placeThing(scene, index, { rotation: thingsOf(scene)[index].placement.rotation + by });
}

export function flipThing(scene: PlayScene, index: number): PlayScene {
  return placeThing(scene, index, { flip: !thingsOf(scene)[index].placement.flip });
}

/** Exchanged with its neighbour: 1 brings it forward, -1 sends it back. */
export function stackThing(scene: PlayScene, index: number, by: 1 | -1): Chosen {
  const objects = [...thingsOf(scene)];
  const other = index + by;
  if (other < 0 || other >= objects.length) return { scene, chosen: index };
  [objects[index], objects[other]] = [objects[other], objects[index]];
  return { scene: withEdits(scene, { objects }), chosen: other };
}

export function removeThing(scene: PlayScene, index: number): Chosen {
  const objects = thingsOf(scene).filter((_, i) => i !== index);
  const next = withEdits(scene, { objects });
  return objects.length === 0
    ? { scene: next }
    : { scene: next, chosen: Math.min(index, objects.length - 1) };
}

/** A second one beside it, in front of all. */
export function duplicateThing(scene: PlayScene, index: number): Chosen {
  const { name, placement } = thingsOf(scene)[index];
  const aside = placement.centreX > sceneSize / 2 ? -placement.side / 2 : placement.side / 2;
  return addThing(scene, { name, placement: { ...placement, centreX: placement.centreX + aside } });
}

/** The side of a thing that is put into a scene: the middle of what the shipped models were trained on. */
export const usualSide = 24;

/** A thing upright at a place, in front of all; the scene unchanged once it is full. */
export function addNamed(
  scene: PlayScene,
  name: string,
  [centreX, centreY]: readonly [number, number],
): Chosen {
  const placement = { centreX, centreY, side: usualSide, rotation: 0, flip: false, brightness: 1 };
  return addThing(scene, { name, placement });
}

function addThing(scene: PlayScene, thing: SceneThing): Chosen {
  const objects = [...thingsOf(scene), settled(thing)];
  if (objects.length > mostThings) return { scene };
  return { scene: withEdits(scene, { objects }), chosen: objects.length - 1 };
}

/** Where a thing that is added by keyboard or click has most room: the candidate farthest from all centres. */
export function freePlace(scene: PlayScene): [number, number] {
  const centres = thingsOf(scene).map(({ placement }) => placement);
  const candidates = [0.5, 0.25, 0.75].flatMap((y) =>
    [0.5, 0.25, 0.75].map((x): [number, number] => [x * sceneSize, y * sceneSize]),
  );
  const room = ([x, y]: readonly [number, number]) =>
    Math.min(...centres.map(({ centreX, centreY }) => Math.hypot(centreX - x, centreY - y)));
  return candidates.reduce((best, one) => (room(one) > room(best) ? one : best));
}
