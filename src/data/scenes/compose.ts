/** Composes a scene from cut-outs: a pure function of seed and index, with exact masks. */
import { mustBe } from "../../common/errors.ts";
import { type Random, random } from "../../common/random.ts";
import type { CutOut } from "../assets/cutout.ts";
import { backgrounds } from "./background.ts";
import { blur } from "./blur.ts";
import { type SceneAssets, type SceneOptions, sceneOptions } from "./options.ts";
import { finish, makeCanvas, type Placement } from "./paint.ts";
import { placeSpots, type Spot } from "./place.ts";
import {
  type PlacedObject,
  type PlacedScene,
  type PlateColour,
  paintObjects,
  plateColours,
  type Scene,
  type SceneObject,
} from "./placed.ts";

/** A scene with the placements that {@link paintPlaced} makes the same bytes of. */
export interface ComposedScene extends Scene {
  readonly placed: PlacedScene;
}

/** Draws with one number of objects before one fewer is tried, or, at the fewest, before giving up. */
const attempts = 100;

/** A function that composes scene `index` of stream `seed`: the same bytes whoever asks, in whatever order. */
export function sceneComposer(
  assets: SceneAssets,
  given: Partial<SceneOptions> = {},
): (seed: number | string, index: number) => ComposedScene {
  const options = sceneOptions(given, assets);
  return (seed, index) => composeWith(assets, options, random("scene", seed, index));
}

/** Composes one scene; see {@link sceneComposer}, which checks the options only once. */
export function composeScene(
  assets: SceneAssets,
  given: Partial<SceneOptions>,
  seed: number | string,
  index: number,
): ComposedScene {
  return sceneComposer(assets, given)(seed, index);
}

function composeWith(assets: SceneAssets, options: SceneOptions, source: Random): ComposedScene {
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
): ComposedScene | undefined {
  const { size, grid } = options;
  const canvas = makeCanvas(size);
  const kind = source.pick(options.backgrounds);
  const background = { kind, state: source.state() };
  backgrounds[kind](canvas, source, assets.photos ?? []);
  const names = namesFor(assets, spots.length, options.repeats, source);
  const chosen = spots.map((spot, i) => chooseObject(assets, options, names[i], spot, source));
  const placed = chosen.map(({ object }) => object);
  const cutOuts = new Map(chosen.map(({ object, cutOut }) => [object, cutOut]));
  const front = inFront(options, source);
  const objects = paintObjects(canvas, placed, (object) => cutOuts.get(object)!, front.occluders);
  if (objects.some((object) => object === undefined || object.visible < options.minVisible)) return undefined;
  blur(canvas.colour, size, size, front.blur ?? 0);
  const noise = { deviation: options.noise, state: source.state() };
  const image = { width: size, height: size, data: finish(canvas, noise.deviation, source) };
  const scene = { size, grid, background, objects: placed, noise, ...front };
  return { image, objects: objects as SceneObject[], grid, placed: scene };
}

/** What hides and blurs a scene, by chance; options of 0 draw no numbers. */
function inFront({ occluders, blur }: SceneOptions, source: Random): Pick<PlacedScene, "occluders" | "blur"> {
  const own = occluders > 0 ? random("occluders", source.uniform()).state() : undefined;
  return {
    ...(own && { occluders: { most: occluders, state: own } }),
    ...(blur > 0 && { blur: blur * source.uniform() }),
  };
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

/** Decides by chance how an object stands in its place. */
function chooseObject(
  { cutOuts }: SceneAssets,
  options: SceneOptions,
  name: string,
  spot: Spot,
  source: Random,
): { readonly object: PlacedObject; readonly cutOut: CutOut } {
  const cutOut = source.pick(cutOuts.pictures.get(name)!);
  const placement: Placement = {
    ...spot,
    rotation: ((2 * source.uniform() - 1) * options.rotation * Math.PI) / 180,
    flip: source.uniform() < options.flip,
    brightness: 1 + (2 * source.uniform() - 1) * options.brightness,
    ...coloursOf(options, source),
  };
  const plate = source.uniform() < options.plates ? source.pick(plateNames) : undefined;
  const object = { name, picture: cutOut.picture, placement, ...(plate !== undefined && { plate }) };
  return { object, cutOut };
}

/** Changes of an object's colours, by chance; options of 0 draw no numbers. */
function coloursOf(options: SceneOptions, source: Random): Pick<Placement, "colours"> {
  const { hue, saturation, contrast } = options;
  if (hue === 0 && saturation === 0 && contrast === 0) return {};
  const around = (middle: number, most: number) => middle + (2 * source.uniform() - 1) * most;
  return {
    colours: { hue: around(0, hue), saturation: around(1, saturation), contrast: around(1, contrast) },
  };
}

const plateNames = Object.keys(plateColours) as PlateColour[];
