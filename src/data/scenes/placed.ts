/** Scenes whose every placement is known: painted, with what shows of each object. Pure: pages paint them too. */
import { mustBe } from "../../common/errors.ts";
import type { RgbImage } from "../../common/image.ts";
import { type RandomState, randomAt } from "../../common/random.ts";
import type { CutOut } from "../assets/cutout.ts";
import { type BackgroundKind, backgrounds, fillCanvas, type Rgb } from "./background.ts";
import { blur } from "./blur.ts";
import { paintOccluders } from "./occluders.ts";
import type { SceneAssets } from "./options.ts";
import { type Canvas, finish, makeCanvas, type Placement, paintDisc, paste } from "./paint.ts";
import { type VisiblePart, visibleParts } from "./visible.ts";

/** Colours of the discs that objects may stand on, by name. */
export const plateColours = {
  red: [214, 39, 40],
  orange: [255, 140, 20],
  yellow: [250, 225, 50],
  green: [40, 160, 60],
  blue: [35, 95, 215],
  purple: [135, 60, 180],
  white: [250, 250, 250],
  black: [20, 20, 20],
} as const satisfies Record<string, readonly [number, number, number]>;

export type PlateColour = keyof typeof plateColours;

/** What stands where, in pixels of the scene. */
export interface PlacedObject {
  readonly name: string;
  /** Which picture of that name; the first where it is left out. */
  readonly picture?: string;
  readonly placement: Placement;
  /** The disc behind it. */
  readonly plate?: PlateColour;
}

/** A kind with the numbers that it is painted by, or one colour all over. */
export type PlacedBackground =
  | { readonly kind: BackgroundKind; readonly state: RandomState }
  | { readonly kind: "colour"; readonly colour: Rgb };

/** A scene as plain data; objects from the back to the front. */
export interface PlacedScene {
  /** Side of the square image in pixels. */
  readonly size: number;
  readonly grid: number;
  readonly background: PlacedBackground;
  readonly objects: readonly PlacedObject[];
  /** Normal noise: its standard deviation, of 255, and the numbers it is drawn by. */
  readonly noise: { readonly deviation: number; readonly state: RandomState };
  /** Things without a name in front of the objects: at most how many, and the numbers they are drawn by. */
  readonly occluders?: { readonly most: number; readonly state: RandomState };
  /** Deviation of a blur over all that was painted, in pixels. */
  readonly blur?: number;
}

export interface SceneObject extends VisiblePart {
  readonly name: string;
  readonly picture: string;
  /** Share of the object that shows, of its area with nothing in front and nothing cut off. */
  readonly visible: number;
  /** The disc behind it; `part` is missing where nothing of the disc shows. */
  readonly plate?: { readonly colour: PlateColour; readonly visible: number; readonly part?: VisiblePart };
  readonly placement: Placement;
}

/** A composed image and the exact truth about it; objects from the back to the front. */
export interface Scene {
  readonly image: RgbImage;
  readonly objects: readonly SceneObject[];
  readonly grid: number;
}

/** A painted scene with one entry for each placed object: undefined where nothing of it shows. */
export interface PaintedScene {
  readonly image: RgbImage;
  readonly objects: readonly (SceneObject | undefined)[];
  readonly grid: number;
}

/** Paints a scene; the same bytes as those of the composer that placed it. */
export function paintPlaced({ cutOuts, photos = [] }: SceneAssets, scene: PlacedScene): PaintedScene {
  const canvas = makeCanvas(scene.size);
  const { background, noise } = scene;
  if (background.kind === "colour") fillCanvas(canvas, background.colour);
  else backgrounds[background.kind](canvas, randomAt(background.state), photos);
  const pictureOf = ({ name, picture }: PlacedObject) => {
    const all = cutOuts.pictures.get(name);
    const found = picture === undefined ? all?.[0] : all?.find((cutOut) => cutOut.picture === picture);
    if (found === undefined) throw mustBe("scenes", "name", "one that has a picture", picture ?? name);
    return found;
  };
  const objects = paintObjects(canvas, scene.objects, pictureOf, scene.occluders);
  blur(canvas.colour, scene.size, scene.size, scene.blur ?? 0);
  const data = finish(canvas, noise.deviation, randomAt(noise.state));
  return { image: { width: scene.size, height: scene.size, data }, objects, grid: scene.grid };
}

/** Paints objects over what the canvas holds, from the back to the front, and what hides them. */
export function paintObjects(
  canvas: Canvas,
  objects: readonly PlacedObject[],
  pictureOf: (object: PlacedObject) => CutOut,
  occluders?: PlacedScene["occluders"],
): (SceneObject | undefined)[] {
  const painted = objects.map((object, i) => paintObject(canvas, object, pictureOf(object), 2 * i + 1));
  if (occluders !== undefined) paintOccluders(canvas, randomAt(occluders.state), occluders.most);
  const parts = visibleParts(canvas);
  return painted.map((thing, i) => truthOf(thing, parts.get(2 * i + 2), parts.get(2 * i + 1)));
}

interface Painted {
  readonly object: PlacedObject;
  readonly picture: string;
  /** Pixels it would cover if nothing hid it. */
  readonly area: number;
  readonly plateArea: number;
}

/** Paints an object as thing `owner + 1`, over its disc, if it has one, as thing `owner`. */
function paintObject(
  canvas: Canvas,
  object: PlacedObject,
  { picture, levels }: CutOut,
  owner: number,
): Painted {
  const { placement, plate } = object;
  const disc = [placement.centreX, placement.centreY, 0.62 * placement.side] as const;
  const plateArea = plate === undefined ? 0 : paintDisc(canvas, disc, plateColours[plate], owner);
  return { object, picture, plateArea, area: paste(canvas, levels, placement, owner + 1) };
}

function truthOf(
  { object, picture, area, plateArea }: Painted,
  part?: VisiblePart,
  platePart?: VisiblePart,
): SceneObject | undefined {
  if (part === undefined) return undefined;
  const { name, placement, plate } = object;
  const truth = { ...part, name, picture, placement, visible: part.area / area };
  if (plate === undefined) return truth;
  const visible = platePart === undefined ? 0 : platePart.area / plateArea;
  return { ...truth, plate: { colour: plate, visible, ...(platePart && { part: platePart }) } };
}
