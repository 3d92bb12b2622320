import { mustBe } from "../../common/errors.ts";
import { defined } from "../../common/options.ts";
import type { CutOutSet } from "../assets/cutout.ts";
import type { Photo } from "../assets/folder.ts";
import { type BackgroundKind, backgrounds } from "./background.ts";

/** What a scene is made of. Every field is plain data, so that workers can be given it. */
export interface SceneOptions {
  /** Side of the square image in pixels. */
  readonly size: number;
  /** Fewest and most objects in a scene. */
  readonly objects: readonly [number, number];
  /** Range of an object's longer side, as a share of the image's side. */
  readonly scale: readonly [number, number];
  /** Largest rotation either way, in degrees. */
  readonly rotation: number;
  /** Chance of mirroring an object left to right. */
  readonly flip: number;
  /** Largest change of an object's brightness either way, as a share. */
  readonly brightness: number;
  /** Largest turn of an object's hue either way, in degrees. */
  readonly hue: number;
  /** Largest change of an object's saturation either way, as a share. */
  readonly saturation: number;
  /** Largest change of an object's contrast either way, as a share. */
  readonly contrast: number;
  /** Most things without a name in front of the objects; they hide parts of them. */
  readonly occluders: number;
  /** Largest deviation of a blur over the whole picture, in pixels. */
  readonly blur: number;
  /** How much of their extent two objects may share before the scene is redrawn: 0 none, 1 any. */
  readonly overlap: number;
  /** Least share of an object that must show, of its area with nothing in front and nothing cut off. */
  readonly minVisible: number;
  /** The image is divided in `grid` x `grid` cells; objects' centres are spread evenly over them. */
  readonly grid: number;
  /** Distance of centres from the border of their cell, as a share of the cell. */
  readonly cellMargin: number;
  readonly backgrounds: readonly BackgroundKind[];
  /** Standard deviation of the noise added to every channel at the end, of 255. */
  readonly noise: number;
  /** Chance that an object stands on a coloured disc. */
  readonly plates: number;
  /** Chance that an object has the name of one before it; otherwise all names differ. */
  readonly repeats: number;
}

export const defaultSceneOptions: SceneOptions = {
  size: 64,
  objects: [2, 4],
  scale: [0.3, 0.45],
  rotation: 15,
  flip: 0.5,
  brightness: 0.15,
  hue: 0,
  saturation: 0,
  contrast: 0,
  occluders: 0,
  blur: 0,
  overlap: 0.3,
  minVisible: 0.5,
  grid: 4,
  cellMargin: 0.12,
  backgrounds: ["plain", "gradient", "clouds", "noise"],
  noise: 6,
  plates: 0,
  repeats: 0,
};

/** Pictures that scenes are made of. */
export interface SceneAssets {
  readonly cutOuts: CutOutSet;
  /** Needed for backgrounds of kind `photo`. */
  readonly photos?: readonly Photo[];
}

/** Fills in defaults and checks ranges; throws a `UserError` that names the option. */
export function sceneOptions(given: Partial<SceneOptions>, assets: SceneAssets): SceneOptions {
  const photo = assets.photos !== undefined && assets.photos.length > 0;
  const defaults = photo ? { ...defaultSceneOptions, backgrounds: ["photo"] } : defaultSceneOptions;
  const options: SceneOptions = { ...defaults, ...defined(given) } as SceneOptions;
  checkRanges(options);
  if (options.objects[1] > assets.cutOuts.names.length)
    throw mustBe("scenes", "objects", `at most the ${assets.cutOuts.names.length} names`, options.objects[1]);
  if (options.backgrounds.includes("photo") && !photo)
    throw mustBe("scenes", "backgrounds", "without photo where no photos are given", options.backgrounds);
  return options;
}

const shares = [
  "flip",
  "brightness",
  "saturation",
  "contrast",
  "overlap",
  "minVisible",
  "plates",
  "repeats",
] as const;

/** Largest values of options that are no shares. */
const upTo = { hue: 180, occluders: 50, blur: 64 } as const;

function checkRanges(options: SceneOptions): void {
  const { objects, scale, grid, size } = options;
  const share = (key: (typeof shares)[number] | "cellMargin", most = 1) => {
    if (!(options[key] >= 0 && options[key] <= most))
      throw mustBe("scenes", key, `between 0 and ${most}`, options[key]);
  };
  for (const key of shares) share(key);
  share("cellMargin", 0.45);
  for (const [key, most] of Object.entries(upTo) as [keyof typeof upTo, number][])
    if (!(options[key] >= 0 && options[key] <= most))
      throw mustBe("scenes", key, `between 0 and ${most}`, options[key]);
  if (!Number.isInteger(options.occluders))
    throw mustBe("scenes", "occluders", "a whole number", options.occluders);
  if (!Number.isInteger(size) || size < 16 || size > 4096)
    throw mustBe("scenes", "size", "a whole number from 16 to 4096", size);
  if (
    !(
      Number.isInteger(objects[0]) &&
      Number.isInteger(objects[1]) &&
      1 <= objects[0] &&
      objects[0] <= objects[1]
    )
  )
    throw mustBe("scenes", "objects", "two whole numbers, 1 <= fewest <= most", objects);
  if (objects[1] > 100) throw mustBe("scenes", "objects", "at most 100", objects);
  if (!(0 < scale[0] && scale[0] <= scale[1] && scale[1] <= 1))
    throw mustBe("scenes", "scale", "two shares, 0 < least <= most <= 1", scale);
  if (!Number.isInteger(grid) || grid < 1 || grid > 9)
    throw mustBe("scenes", "grid", "a whole number from 1 to 9", grid);
  if (options.backgrounds.length === 0) throw mustBe("scenes", "backgrounds", "at least one kind", []);
  for (const kind of options.backgrounds)
    if (!Object.hasOwn(backgrounds, kind))
      throw mustBe("scenes", "backgrounds", `of the kinds ${Object.keys(backgrounds).join(", ")}`, kind);
}
