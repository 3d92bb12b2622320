/**
 * A scene as a short text for addresses: `77-4` as composed, `77-4.1...` edited. After the point stands the version, then in
 * base64url the background (kind, then a colour or a seed), the number of things and eleven bytes for each: name, flip, centre,
 * side, rotation and brightness in whole steps.
 */
import { UserError } from "../../../../common/errors.ts";
import { conceptWords } from "../../../../data/assets/concepts.ts";
import {
  type ChosenBackground,
  type Edits,
  outside,
  paintedKinds,
  type SceneChoice,
  type SceneThing,
  sceneSize,
  sideRange,
  steps,
  stepsOfTurn,
  turnOf,
} from "./scene.ts";

const VERSION = "1";
/** Things that a scene may hold: more hide each other. */
export const mostThings = 12;

const names = conceptWords();
const bytesOfThing = 11;

export function encodeScene({ origin, edits }: SceneChoice): string {
  const start = `${origin.seed}-${origin.index}`;
  if (edits === undefined) return start;
  const bytes = [
    ...backgroundBytes(edits.background),
    edits.objects.length,
    ...edits.objects.flatMap(thingBytes),
  ];
  return `${start}.${VERSION}${toBase64(Uint8Array.from(bytes))}`;
}

/** Throws a UserError for a text that is none of {@link encodeScene}. */
export function decodeScene(text: string): SceneChoice {
  const match = /^(\d{1,9})-(\d{1,6})(?:\.(.)([\w-]*))?$/.exec(text);
  if (match === null) throw broken("it is no scene");
  const [, seed, index, version, packed] = match;
  const origin = { seed: Number(seed), index: Number(index) };
  if (version === undefined) return { origin };
  if (version !== VERSION)
    throw broken(`it is of version ${version}, and this page reads version ${VERSION}`);
  return { origin, edits: readEdits(fromBase64(packed)) };
}

const broken = (why: string) => new UserError(`the link's scene cannot be read: ${why}`);

function backgroundBytes(background: ChosenBackground | undefined): number[] {
  if (background === undefined) return [0];
  if (background.kind === "colour") return [1, ...background.colour];
  return [2 + paintedKinds.indexOf(background.kind), ...twoBytes(background.seed)];
}

function thingBytes({ name, placement }: SceneThing): number[] {
  const { centreX, centreY, side, rotation, flip, brightness } = placement;
  const centre = (value: number) => twoBytes((value + outside) * steps.pixel);
  return [
    names.indexOf(name),
    flip ? 1 : 0,
    ...centre(centreX),
    ...centre(centreY),
    ...twoBytes(side * steps.pixel),
    ...twoBytes(stepsOfTurn(rotation)),
    brightness * steps.brightness,
  ];
}

const twoBytes = (value: number): [number, number] => [value & 255, value >> 8];

function readEdits(bytes: Uint8Array): Edits {
  let at = 0;
  const byte = () => {
    if (at >= bytes.length) throw broken("it is cut short");
    return bytes[at++];
  };
  const two = () => byte() + 256 * byte();
  const background = readBackground(byte, two);
  const count = byte();
  if (count > mostThings) throw broken(`it holds ${count} things, and a scene at most ${mostThings}`);
  if (bytes.length !== at + count * bytesOfThing) throw broken("its length is wrong");
  const objects = Array.from({ length: count }, () => readThing(byte, two));
  return { objects, ...(background !== undefined && { background }) };
}

function readBackground(byte: () => number, two: () => number): ChosenBackground | undefined {
  const kind = byte();
  if (kind === 0) return undefined;
  if (kind === 1) return { kind: "colour", colour: [byte(), byte(), byte()] };
  const painted = paintedKinds[kind - 2];
  if (painted === undefined) throw broken("its background is of no kind that is known");
  return { kind: painted, seed: two() };
}

function readThing(byte: () => number, two: () => number): SceneThing {
  const name = names[byte()];
  if (name === undefined) throw broken("it holds a thing that has no picture");
  const flip = byte() === 1;
  const centre = () => two() / steps.pixel - outside;
  const [centreX, centreY] = [centre(), centre()];
  const side = two() / steps.pixel;
  const placement = {
    centreX,
    centreY,
    side,
    flip,
    rotation: turnOf(two()),
    brightness: byte() / steps.brightness,
  };
  const isInside = (value: number) => value <= sceneSize + outside;
  if (!isInside(centreX) || !isInside(centreY) || side < sideRange.least || side > sideRange.most)
    throw broken(`its ${name} lies outside of what a scene may hold`);
  return { name, placement };
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (mark) =>
      mark.charCodeAt(0),
    );
  } catch {
    throw broken("it is cut short");
  }
}
