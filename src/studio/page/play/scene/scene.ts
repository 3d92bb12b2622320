/**
 * A scene that somebody composes: where it began (a seed and an index, which commands take too) and, once it is edited, what
 * stands where. Numbers of edited placements are whole steps, so that an address holds them exactly.
 */
import { random } from "../../../../common/random.ts";
import type { CutOutSet } from "../../../../data/assets/cutout.ts";
import type { BackgroundKind, Rgb } from "../../../../data/scenes/background.ts";
import { sceneComposer } from "../../../../data/scenes/compose.ts";
import type { Placement } from "../../../../data/scenes/paint.ts";
import type { PlacedBackground, PlacedScene } from "../../../../data/scenes/placed.ts";

/** Pixels a side, as the shipped models take them. */
export const sceneSize = 64;

/** Scene `index` of the test stream `seed`: `fovea data make scenes --split test --seed SEED` writes the same. */
export interface Origin {
  readonly seed: number;
  readonly index: number;
}

/** A background of the visitor's own choice. */
export type ChosenBackground =
  | { readonly kind: "colour"; readonly colour: Rgb }
  | { readonly kind: PaintedKind; readonly seed: number };

export type PaintedKind = Extract<BackgroundKind, "gradient" | "clouds" | "noise">;
export const paintedKinds = ["gradient", "clouds", "noise"] as const satisfies readonly PaintedKind[];

/** What was changed of the scene that it began with. */
export interface Edits {
  /** From the back to the front. */
  readonly objects: readonly SceneThing[];
  /** Left out: the one it began with. */
  readonly background?: ChosenBackground;
}

/** A thing by its name and place; `placement` in whole steps. */
export interface SceneThing {
  readonly name: string;
  readonly placement: Placement;
}

/** A scene as its address says it; without edits it is as composed. */
export interface SceneChoice {
  readonly origin: Origin;
  readonly edits?: Edits;
}

/** A choice with everything that painting needs. */
export interface PlayScene {
  readonly choice: SceneChoice;
  /** As it began. */
  readonly composed: PlacedScene;
  /** As it is. */
  readonly placed: PlacedScene;
}

/** The seed of the composer's stream, as `data make scenes --split test` has it. */
export const streamSeed = ({ seed }: Origin) => `test/${seed}/0`;

/** Composes the scene that a choice began with, and edits it. `known`: the cut-outs of the trained names. */
export function openScene(known: CutOutSet, choice: SceneChoice): PlayScene {
  const compose = sceneComposer({ cutOuts: known }, { size: sceneSize });
  const { placed: composed } = compose(streamSeed(choice.origin), choice.origin.index);
  return { choice, composed, placed: choice.edits === undefined ? composed : edited(composed, choice.edits) };
}

function edited(composed: PlacedScene, { objects, background }: Edits): PlacedScene {
  return {
    ...composed,
    objects,
    background: background === undefined ? composed.background : backgroundOf(background),
  };
}

function backgroundOf(chosen: ChosenBackground): PlacedBackground {
  if (chosen.kind === "colour") return chosen;
  return { kind: chosen.kind, state: random("background", chosen.seed).state() };
}

/** The things of a scene, whether it is edited or not. */
export function thingsOf({ choice, placed }: PlayScene): readonly SceneThing[] {
  return choice.edits?.objects ?? placed.objects;
}

/** The scene with other things or another background. */
export function withEdits(scene: PlayScene, change: Partial<Edits>): PlayScene {
  const { origin, edits } = scene.choice;
  const objects = (change.objects ?? thingsOf(scene)).map(settled);
  const background = change.background ?? edits?.background;
  const next: Edits = { objects, ...(background !== undefined && { background }) };
  const { composed } = scene;
  return { choice: { origin, edits: next }, composed, placed: edited(composed, next) };
}

/** Steps in a pixel, in a full turn, and in a factor of brightness of 1. */
export const steps = { pixel: 64, turn: 65536, brightness: 128 } as const;

/** Sides of things in pixels: what is smaller cannot be seen, what is larger is not at hand without loss. */
export const sideRange = { least: 6, most: 64 } as const;
/** Centres may lie this far outside of the picture, in pixels. */
export const outside = 24;

/** A thing with its placement in whole steps, within what a scene may hold. */
export function settled({ name, placement }: SceneThing): SceneThing {
  const { centreX, centreY, side, rotation, flip, brightness } = placement;
  const centre = (value: number) => toSteps(clamp(value, -outside, sceneSize + outside), steps.pixel);
  return {
    name,
    placement: {
      centreX: centre(centreX),
      centreY: centre(centreY),
      side: toSteps(clamp(side, sideRange.least, sideRange.most), steps.pixel),
      rotation: turnOf(stepsOfTurn(rotation)),
      flip,
      brightness: toSteps(clamp(brightness, 0, 255 / steps.brightness), steps.brightness),
    },
  };
}

const toSteps = (value: number, perUnit: number) => Math.round(value * perUnit) / perUnit;
const clamp = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value));

/** Radians to steps, 0 to 65535. */
export function stepsOfTurn(rotation: number): number {
  const turn = Math.round((rotation / (2 * Math.PI)) * steps.turn) % steps.turn;
  return turn < 0 ? turn + steps.turn : turn + 0;
}

/** Steps to radians. */
export const turnOf = (count: number) => (count / steps.turn) * 2 * Math.PI;

/** Whether the small first file of cut-outs has all that the scene needs, at its size. */
export function isCoarseEnough(scene: PlayScene, known: CutOutSet): boolean {
  return thingsOf(scene).every(({ name, placement }) => {
    const picture = known.pictures.get(name)?.[0];
    if (picture === undefined) return false;
    const at = picture.levels.findIndex(({ data }) => data.length > 0);
    const [{ width, height }] = picture.levels;
    return Math.max(width, height) / placement.side >= 2 ** (at - 1) * Math.SQRT2;
  });
}
