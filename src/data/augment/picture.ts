/** Random changes of an example's whole picture, with its regions: what training does to pictures of a folder. */
import type { Random } from "../../common/random.ts";
import type { MaskRegion, Region } from "../../grounding/region.ts";
import { decodeMask, encodeMask } from "../../grounding/rle.ts";
import type { Example, Question } from "../example.ts";
import { blur } from "../scenes/blur.ts";
import { colourMatrix, recolour } from "../scenes/colour.ts";
import { paintOccluders } from "../scenes/occluders.ts";
import { makeCanvas } from "../scenes/paint.ts";
import { type Move, mappingOf, movedPicture, movedRegion } from "./move.ts";
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
  const move: Move = {
    scale: least + (most - least) * random.uniform(),
    rotation: ((2 * random.uniform() - 1) * rotation * Math.PI) / 180,
    flip: random.uniform() < flip && !namesASide(example),
  };
  const stays = move.scale === 1 && move.rotation === 0 && !move.flip;
  return stays || example.questions.some(answersAPlace) ? undefined : move;
}

/** Kinds of answers that say where something is. */
const places: readonly Question["answerType"][] = ["cell", "points", "box"];

/** A cell's name, coordinates, and texts that speak of cells, rows and columns. */
const placeWord = /^(?:[a-i][1-9]|\d+(?: ,? ?\d+)+)$|\b(?:row|column|cell)\b|\b[a-i][1-9]\b/i;

function answersAPlace({ question, answer, answerType }: Question): boolean {
  return places.includes(answerType) || placeWord.test(answer) || placeWord.test(question);
}

const side = /\b(?:left|right|clockwise|anticlockwise|counterclockwise|east|west)\b/i;

function namesASide({ questions, concepts }: Example): boolean {
  return (
    questions.some(({ question, answer }) => side.test(question) || side.test(answer)) ||
    concepts.some(({ word }) => side.test(word))
  );
}

function movedExample(example: Example, move: Move): Example {
  const mapping = mappingOf(move, example.image.width, example.image.height);
  const moved = withRegions(example, (region) => movedRegion(region, mapping));
  return moved === undefined ? example : { ...moved, image: movedPicture(example.image, mapping) };
}

/**
 * The example with other regions. Where nothing is left of what proves a question, or shows a concept, it is left out, since
 * nobody knows whether it still holds; undefined where no question would be left.
 */
function withRegions(example: Example, change: (region: Region) => Region | undefined): Example | undefined {
  const changed = <T extends { readonly regions: readonly Region[] }>(all: readonly T[]): T[] =>
    all.flatMap((one) => {
      const regions = one.regions.flatMap((region) => change(region) ?? []);
      return regions.length === 0 && one.regions.length > 0 ? [] : [{ ...one, regions }];
    });
  const [questions, concepts] = [changed(example.questions), changed(example.concepts)];
  const lost = (now: readonly unknown[], before: readonly unknown[]) => now.length === 0 && before.length > 0;
  if (lost(questions, example.questions) || lost(concepts, example.concepts)) return undefined;
  return { ...example, questions, concepts };
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

/** Paints occluders over the colours [Y, X, 3] and takes what they hide from masks; neither where they hide all. */
function occluded(example: Example, colour: Float32Array, most: number, random: Random): Example {
  if (most === 0) return example;
  const { width, height } = example.image;
  const size = Math.max(width, height);
  const canvas = makeCanvas(size);
  for (let y = 0; y < height; y++)
    canvas.colour.set(colour.subarray(y * width * 3, (y + 1) * width * 3), y * size * 3);
  paintOccluders(canvas, random, most);
  const isHidden = (x: number, y: number) => canvas.owner[y * size + x] !== 0;
  const left = withRegions(example, (region) => (region.kind === "mask" ? shown(region, isHidden) : region));
  if (left === undefined) return example;
  for (let y = 0; y < height; y++)
    colour.set(canvas.colour.subarray(y * size * 3, (y * size + width) * 3), y * width * 3);
  return left;
}

/** What is left of a mask; undefined where that is nothing. */
function shown(mask: MaskRegion, isHidden: (x: number, y: number) => boolean): MaskRegion | undefined {
  const [height, width] = mask.size;
  const left = decodeMask(mask).map((value, i) => (isHidden(i % width, Math.floor(i / width)) ? 0 : value));
  return left.includes(1) ? encodeMask(left, height, width) : undefined;
}
