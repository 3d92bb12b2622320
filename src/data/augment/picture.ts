/** Random changes of an example's whole picture, with its regions: what training does to pictures of a folder. */
import type { RgbImage } from "../../common/image.ts";
import type { Random } from "../../common/random.ts";
import { boxMask } from "../../grounding/mask.ts";
import type { MaskRegion, Region } from "../../grounding/region.ts";
import { decodeMask, encodeMask } from "../../grounding/rle.ts";
import type { Example, Question } from "../example.ts";
import { blur } from "../scenes/blur.ts";
import { colourMatrix, recolour } from "../scenes/colour.ts";
import { paintOccluders } from "../scenes/occluders.ts";
import { defaultSceneOptions } from "../scenes/options.ts";
import { makeCanvas } from "../scenes/paint.ts";
import { inside, type Move, mappingOf, movedPicture, movedRegion } from "./move.ts";
import type { AugmentOptions } from "./options.ts";

/** Whether any option changes pictures of a folder. */
export function changesPictures({ backgrounds: _, ...options }: AugmentOptions): boolean {
  return Object.values(options).some((value) => value !== undefined && value !== 0);
}

/** An example as training sees it: the same for the same numbers. */
export function augmentedExample(example: Example, options: AugmentOptions, random: Random): Example {
  const moved = moveOf(example, options, random);
  return painted(moved === undefined ? example : movedExample(example, moved), options, random);
}

/** Undefined where the picture stays in its place. */
function moveOf(example: Example, { scale, rotation = 0, flip = 0 }: AugmentOptions, random: Random) {
  const [least, most] = scale ?? [1, 1];
  const turn = namesA(direction, example) ? Math.min(rotation, directionTurn) : rotation;
  const move: Move = {
    scale: least + (most - least) * random.uniform(),
    rotation: ((2 * random.uniform() - 1) * turn * Math.PI) / 180,
    flip: random.uniform() < flip && !namesA(side, example),
  };
  const stays = move.scale === 1 && move.rotation === 0 && !move.flip;
  return stays || example.questions.some(answersAPlace) ? undefined : move;
}

/** Kinds of answers that say where something is. */
const places: readonly Question["answerType"][] = ["cell", "points", "box"];

const number = String.raw`\d+(?:\.\d+)?`;

/** A cell's name, coordinates alone or in brackets, and texts that speak of cells, rows and columns. */
const placeWord = new RegExp(
  [
    `^(?:[a-i][1-9]|${number}(?:[ ,]+${number})+)$`,
    `[([]${number}(?:, ?${number})+[)\\]]|<loc\\d+>`,
    String.raw`\b(?:row|column|cell)\b|\b[a-i][1-9]\b`,
  ].join("|"),
  "i",
);

function answersAPlace({ question, answer, answerType }: Question): boolean {
  return places.includes(answerType) || placeWord.test(answer) || placeWord.test(question);
}

const side = /\b(?:left|right|clockwise|anticlockwise|counterclockwise|east|west)\b/i;

/** What is no longer so in a picture that was turned far. */
const direction = new RegExp(
  `${side.source}|\\b(?:above|below|beneath|under|underneath|top|bottom|upper|lower|upright|upside|north|south|horizontal(?:ly)?|vertical(?:ly)?)\\b`,
  "i",
);

/** Degrees by which a picture is turned at most where a text names a direction: what lay above still does. */
const directionTurn = 15;

function namesA(pattern: RegExp, { questions, concepts }: Example): boolean {
  return (
    questions.some(({ question, answer }) => pattern.test(question) || pattern.test(answer)) ||
    concepts.some(({ word }) => pattern.test(word))
  );
}

function movedExample(example: Example, move: Move): Example {
  const mapping = mappingOf(move, example.image.width, example.image.height);
  const moved = withRegions(example, {
    changed: (region) => movedRegion(region, mapping),
    shows: (x, y) => inside(mapping.forward([x, y]), mapping),
  });
  return moved === undefined ? example : { ...moved, image: movedPicture(example.image, mapping) };
}

/** What becomes of regions. */
interface Change {
  /** Undefined where nothing is left of it. */
  changed(region: Region): Region | undefined;
  /** Whether what was at this point of the picture can still be seen. */
  shows(x: number, y: number): boolean;
}

/**
 * The example with other regions. Where one is lost that proves a question, or all that show a concept, it is left out, since
 * nobody knows whether it still holds; undefined where no question would be left.
 */
function withRegions(example: Example, { changed, shows }: Change): Example | undefined {
  const left = (region: Region) =>
    (isShown(region, example.image, shows) ? changed(region) : undefined) ?? [];
  const questions = example.questions.flatMap((question) => {
    const regions = question.regions.flatMap(left);
    return regions.length === question.regions.length ? [{ ...question, regions }] : [];
  });
  const concepts = example.concepts.flatMap((concept) => {
    const regions = concept.regions.flatMap(left);
    return regions.length > 0 || concept.regions.length === 0 ? [{ ...concept, regions }] : [];
  });
  const lost = (now: readonly unknown[], before: readonly unknown[]) => now.length === 0 && before.length > 0;
  if (lost(questions, example.questions) || lost(concepts, example.concepts)) return undefined;
  return { ...example, questions, concepts };
}

/** Least share of a mask or a box that must show, as of an object in a scene. */
const leastShown = defaultSceneOptions.minVisible;

/** Whether enough of a region can be seen: all of its points, and always a line. */
function isShown(region: Region, { width, height }: RgbImage, shows: Change["shows"]): boolean {
  if (region.kind === "polyline") return true;
  if (region.kind === "points") return region.points.every(([x, y]) => shows(x, y));
  const mask = decodeMask(region.kind === "mask" ? region : boxMask(region.box, height, width));
  let [area, shown] = [0, 0];
  for (const [i, value] of mask.entries()) {
    if (value === 0) continue;
    area++;
    if (shows((i % width) + 0.5, Math.floor(i / width) + 0.5)) shown++;
  }
  return shown >= leastShown * area;
}

function painted(example: Example, options: AugmentOptions, random: Random): Example {
  const { width, height, data } = example.image;
  const colour = Float32Array.from(data);
  changeColours(colour, options, random);
  const hidden = occluded(example, colour, options.occluders ?? 0, random);
  blur(colour, width, height, (options.blur ?? 0) * random.uniform());
  const noise = options.noise ?? 0;
  if (noise > 0) for (let i = 0; i < colour.length; i++) colour[i] += noise * random.normal();
  const image = { width, height, data: new Uint8Array(Uint8ClampedArray.from(colour).buffer) };
  return { ...hidden, image };
}

function changeColours(colour: Float32Array, options: AugmentOptions, random: Random): void {
  const around = (middle: number, most = 0) => middle + (2 * random.uniform() - 1) * most;
  const [hue, saturation] = [around(0, options.hue), around(1, options.saturation)];
  const [contrast, brightness] = [around(1, options.contrast), around(1, options.brightness)];
  const matrix = colourMatrix({ hue, saturation, contrast });
  const texel = new Float32Array(4);
  for (let i = 0; i < colour.length; i += 3) {
    texel.set([colour[i], colour[i + 1], colour[i + 2], 255]);
    recolour(texel, matrix);
    for (let c = 0; c < 3; c++) colour[i + c] = Math.min(255, texel[c] * brightness);
  }
}

/** Paints occluders over the colours [Y, X, 3] and takes what they hide from masks; neither where they hide all that is asked about. */
function occluded(example: Example, colour: Float32Array, most: number, random: Random): Example {
  if (most === 0) return example;
  const { width, height } = example.image;
  const size = Math.max(width, height);
  const canvas = makeCanvas(size);
  for (let y = 0; y < height; y++)
    canvas.colour.set(colour.subarray(y * width * 3, (y + 1) * width * 3), y * size * 3);
  paintOccluders(canvas, random, most);
  const pixel = (at: number, length: number) => Math.min(length - 1, Math.floor(at)); // A point may lie on the border.
  const shows = (x: number, y: number) => canvas.owner[pixel(y, height) * size + pixel(x, width)] === 0;
  const left = withRegions(example, {
    changed: (region) => (region.kind === "mask" ? shownOf(region, shows) : region),
    shows,
  });
  if (left === undefined) return example;
  for (let y = 0; y < height; y++)
    colour.set(canvas.colour.subarray(y * size * 3, (y * size + width) * 3), y * width * 3);
  return left;
}

/** What is left of a mask. */
function shownOf(mask: MaskRegion, shows: Change["shows"]): MaskRegion {
  const [height, width] = mask.size;
  const left = decodeMask(mask).map((value, i) => (shows(i % width, Math.floor(i / width)) ? value : 0));
  return encodeMask(left, height, width);
}
