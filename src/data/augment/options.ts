/** What training changes of its pictures at random, so that a model learns things and not one picture of them. */
import type { BackgroundKind } from "../scenes/background.ts";
import type { SceneOptions } from "../scenes/options.ts";

/**
 * Largest changes; 0 or left out: none. In scenes each object is changed on its own and the truth is what shows of it
 * afterwards; a picture of a folder is changed as a whole, and its regions move with it.
 */
export interface AugmentOptions {
  /** Turn of the hue either way, in degrees. */
  readonly hue?: number;
  /** Change either way, as a share. */
  readonly saturation?: number;
  readonly brightness?: number;
  readonly contrast?: number;
  /** Deviation of a blur, in pixels. */
  readonly blur?: number;
  /** Standard deviation of noise on every channel, of 255; in scenes instead of the scene's own. */
  readonly noise?: number;
  /** Most shapes in front that hide parts of it. */
  readonly occluders?: number;
  /** Range of a factor on the size. */
  readonly scale?: readonly [number, number];
  /** Turn either way, in degrees. */
  readonly rotation?: number;
  /** Chance of mirroring left to right. */
  readonly flip?: number;
  /** Of scenes alone. */
  readonly backgrounds?: readonly BackgroundKind[];
}

/** A scene's options with every object changed as asked; what is left out stays as the scene has it. */
export function augmentedScene(
  scene: Partial<SceneOptions>,
  augment: AugmentOptions,
  defaults: SceneOptions,
): Partial<SceneOptions> {
  const { scale, ...same } = augment;
  const given = Object.fromEntries(Object.entries(same).filter(([, value]) => value !== undefined));
  if (scale === undefined) return { ...scene, ...given };
  const [least, most] = scene.scale ?? defaults.scale;
  return { ...scene, ...given, scale: [least * scale[0], Math.min(1, most * scale[1])] };
}
