/** What keys do with the chosen thing. */
import {
  type Chosen,
  duplicateThing,
  flipThing,
  moveThing,
  removeThing,
  scaleThing,
  stackThing,
  turnThing,
} from "./scene/edit.ts";
import type { PlayScene } from "./scene/scene.ts";

/** Degrees, pixels and factors of one press. */
const [turn, move, far, scale] = [Math.PI / 36, 1, 4, 1.05];

type Act = (scene: PlayScene, index: number, shift: boolean) => Chosen;

const stays =
  (act: (scene: PlayScene, index: number, shift: boolean) => PlayScene): Act =>
  (scene, index, shift) => ({ scene: act(scene, index, shift), chosen: index });

const step = (shift: boolean) => (shift ? far : move);

const acts: Readonly<Record<string, Act>> = {
  ArrowLeft: stays((scene, index, shift) => moveThing(scene, index, -step(shift), 0)),
  ArrowRight: stays((scene, index, shift) => moveThing(scene, index, step(shift), 0)),
  ArrowUp: stays((scene, index, shift) => moveThing(scene, index, 0, -step(shift))),
  ArrowDown: stays((scene, index, shift) => moveThing(scene, index, 0, step(shift))),
  "+": stays((scene, index) => scaleThing(scene, index, scale)),
  "=": stays((scene, index) => scaleThing(scene, index, scale)),
  "-": stays((scene, index) => scaleThing(scene, index, 1 / scale)),
  "[": stays((scene, index) => turnThing(scene, index, -turn)),
  "]": stays((scene, index) => turnThing(scene, index, turn)),
  f: stays(flipThing),
  F: stays(flipThing),
  d: duplicateThing,
  D: duplicateThing,
  PageUp: (scene, index) => stackThing(scene, index, 1),
  PageDown: (scene, index) => stackThing(scene, index, -1),
  Delete: removeThing,
  Backspace: removeThing,
};

/** The scene after a key; undefined for keys that do nothing. */
export function afterKey(scene: PlayScene, index: number, key: string, shift: boolean): Chosen | undefined {
  return Object.hasOwn(acts, key) ? acts[key](scene, index, shift) : undefined;
}

/** Keys whose presses in a row make one step to undo. */
export function isGradual(key: string): boolean {
  return key.startsWith("Arrow") || "+=-[]".includes(key);
}

/** For people. */
export const keyHelp: readonly (readonly [keys: string, what: string])[] = [
  ["Tab", "choose a thing"],
  ["arrows", "move it; with Shift further"],
  ["+ −", "larger, smaller"],
  ["[ ]", "turn it"],
  ["F", "flip it"],
  ["Page Up, Page Down", "bring it forward, send it back"],
  ["D", "duplicate it"],
  ["Delete", "take it away"],
  ["Ctrl Z, Ctrl Shift Z", "undo, redo"],
];
