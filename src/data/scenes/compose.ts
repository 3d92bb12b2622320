/** Composes a scene from cut-outs: a pure function of seed and index, with exact masks. */
import { mustBe } from "../../common/errors.ts";
import type { RgbImage } from "../../common/image.ts";
import { type Random, random } from "../../common/random.ts";
import { backgrounds } from "./background.ts";
import { type SceneAssets, type SceneOptions, sceneOptions } from "./options.ts";
import { type Canvas, finish, makeCanvas, type Placement, paintDisc, paste } from "./paint.ts";
import { placeSpots, type Spot } from "./place.ts";
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

/** Draws with one number of objects before one fewer is tried, or, at the fewest, before giving up. */
const attempts = 100;

/** A function that composes scene `index` of stream `seed`: the same bytes whoever asks, in whatever order. */
export function sceneComposer(
  assets: SceneAssets,
  given: Partial<SceneOptions> = {},
): (seed: number | string, index: number) => Scene {
  const options = sceneOptions(given, assets);
  return (seed, index) => composeWith(assets, options, random("scene", seed, index));
}

/** Composes one scene; see {@link sceneComposer}, which checks the options only once. */
export function composeScene(
  assets: SceneAssets,
  given: Partial<SceneOptions>,
  seed: number | string,
  index: number,
): Scene {
  return sceneComposer(assets, given)(seed, index);
}

function composeWith(assets: SceneAssets, options: SceneOptions, source: Random): Scene {
  const [fewest, most] = options.objects;
  const first = fewest + source.integer(most - fewest + 1);
  for (let count = first; count >= fewest; count--)
    for (let attempt = 0; attempt < attempts; attempt++) {
      const spots = placeSpots(options, count, source);
      const scene = spots === undefined ? undefined : paintScene(assets, options, spots, source);
      if (scene !== undefined) return scene;
    }
  throw mustBe(
    "scenes",
    "objects",
    `few or small enough to fit ${options.grid} x ${options.grid} cells`,
    [...options.objects],
    `fewer objects, a smaller scale (${options.scale.join(" to ")}) or minVisible, or more overlap`,
  );
}

/** Paints the objects over a background; undefined when one shows too little. */
function paintScene(
  assets: SceneAssets,
  options: SceneOptions,
  spots: readonly Spot[],
  source: Random,
): Scene | undefined {
  const canvas = makeCanvas(options.size);
  backgrounds[source.pick(options.backgrounds)](canvas, source, assets.photos ?? []);
  const names = namesFor(assets, spots.length, options.repeats, source);
  const painted = spots.map((spot, i) =>
    paintObject(canvas, assets, options, names[i], spot, 2 * i + 1, source),
  );
  const parts = visibleParts(canvas);
  const objects = painted.map((thing, i) => truthOf(thing, parts.get(2 * i + 2), parts.get(2 * i + 1)));
  if (objects.some((object) => object === undefined || object.visible < options.minVisible)) return undefined;
  const data = finish(canvas, options.noise, source);
  const image = { width: options.size, height: options.size, data };
  return { image, objects: objects as SceneObject[], grid: options.grid };
}

/** Names of the objects: each is new, or with chance `repeats` one that the scene holds already. */
function namesFor({ cutOuts }: SceneAssets, count: number, repeats: number, source: Random): string[] {
  const names: string[] = [];
  while (names.length < count) {
    if (repeats > 0 && names.length > 0 && source.uniform() < repeats) names.push(source.pick(names));
    else {
      const name = source.pick(cutOuts.names);
      if (!names.includes(name)) names.push(name);
    }
  }
  return names;
}

interface Painted {
  readonly name: string;
  readonly picture: string;
  readonly placement: Placement;
  /** Pixels it would cover if nothing hid it. */
  readonly area: number;
  readonly plate?: { readonly colour: PlateColour; readonly area: number };
}

/** Paints an object as thing `owner + 1`, over its disc, if it has one, as thing `owner`. */
function paintObject(
  canvas: Canvas,
  { cutOuts }: SceneAssets,
  options: SceneOptions,
  name: string,
  spot: Spot,
  owner: number,
  source: Random,
): Painted {
  const cutOut = source.pick(cutOuts.pictures.get(name)!);
  const placement: Placement = {
    ...spot,
    rotation: ((2 * source.uniform() - 1) * options.rotation * Math.PI) / 180,
    flip: source.uniform() < options.flip,
    brightness: 1 + (2 * source.uniform() - 1) * options.brightness,
  };
  const plate = paintPlate(canvas, options, spot, owner, source);
  const area = paste(canvas, cutOut.levels, placement, owner + 1);
  return { name, picture: cutOut.picture, placement, area, ...(plate && { plate }) };
}

function paintPlate(canvas: Canvas, options: SceneOptions, spot: Spot, owner: number, source: Random) {
  if (source.uniform() >= options.plates) return undefined;
  const colour = source.pick(Object.keys(plateColours) as PlateColour[]);
  const disc = [spot.centreX, spot.centreY, 0.62 * spot.side] as const;
  return { colour, area: paintDisc(canvas, disc, plateColours[colour], owner) };
}

function truthOf(thing: Painted, part?: VisiblePart, platePart?: VisiblePart): SceneObject | undefined {
  if (part === undefined) return undefined;
  const { name, picture, placement, area, plate } = thing;
  const object = { ...part, name, picture, placement, visible: part.area / area };
  if (plate === undefined) return object;
  const visible = platePart === undefined ? 0 : platePart.area / plate.area;
  return { ...object, plate: { colour: plate.colour, visible, ...(platePart && { part: platePart }) } };
}
