/**
 * Thirty own photos as a phone and a camera leave them: JPEGs of three shapes, some stored turned with an EXIF
 * orientation, each with two boxes, two questions and three concepts.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { random } from "../../src/common/random.ts";

/** Things that a picture may show, by colour; the third concept of every picture is absent. */
const things = {
  apple: "#c8102e",
  leaf: "#2e8b3d",
  sea: "#3f7fd0",
  lemon: "#f2c72c",
  plum: "#6b2c7a",
} as const;
type Thing = keyof typeof things;

/** Sizes as they are shown. */
const shapes = [
  { width: 96, height: 64 },
  { width: 64, height: 96 },
  { width: 72, height: 72 },
] as const;

/** EXIF orientations of every fourth picture: turned by 90, 180 and 270 degrees. */
const turns = [6, 3, 8] as const;

export interface PhotosOptions {
  readonly count?: number;
  /** Sides of the pictures relative to the smallest; default 1. */
  readonly scale?: number;
}

/** Writes the photos and their metadata.jsonl into a folder that is not there yet. */
export async function writePhotos(
  folder: string,
  { count = 30, scale = 1 }: PhotosOptions = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const rows = [];
  for (let i = 0; i < count; i++) rows.push(await writePhoto(folder, i, scale));
  await writeFile(join(folder, "metadata.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
}

async function writePhoto(folder: string, i: number, scale: number): Promise<object> {
  const draw = random("walk", i);
  const { width, height } = shapes[i % shapes.length];
  const size = { width: width * scale, height: height * scale };
  const [left, right, absent] = draw.shuffle(Object.keys(things) as Thing[]);
  const boxes = [boxIn(draw, size, 0), boxIn(draw, size, 1)] as const;
  const orientation = i % 4 === 3 ? turns[Math.floor(i / 4) % turns.length] : undefined;
  const name = `photo-${String(i).padStart(2, "0")}.jpg`;
  await writeFile(join(folder, name), await jpeg(size, [left, right], boxes, orientation));
  const region = (box: readonly number[]) => [{ kind: "box", box }];
  const shown = i % 2 === 0 ? left : absent;
  return {
    file_name: name,
    questions: [
      {
        task: "side",
        question: "What is on the left?",
        answer: left,
        answerType: "label",
        choices: Object.keys(things),
        regions: region(boxes[0]),
      },
      {
        task: "presence",
        question: `Is there a ${shown}?`,
        answer: shown === absent ? "no" : "yes",
        answerType: "yes-no",
        regions: shown === absent ? [] : region(boxes[0]),
      },
    ],
    concepts: [
      { word: left, regions: region(boxes[0]) },
      { word: right, regions: region(boxes[1]) },
      { word: absent, regions: [] },
    ],
  };
}

/** A box in the left or the right half, in pixels of the picture as it is shown. */
function boxIn(
  draw: ReturnType<typeof random>,
  { width, height }: { width: number; height: number },
  half: 0 | 1,
) {
  const [w, h] = [Math.floor(width / 3), Math.floor(height / 3)];
  const x = Math.floor(half * (width / 2)) + draw.integer(Math.floor(width / 2) - w);
  const y = draw.integer(height - h);
  return [x, y, x + w, y + h] as const;
}

/** Stored so that a viewer who turns it by its EXIF orientation sees the boxes where they are said to be. */
async function jpeg(
  { width, height }: { width: number; height: number },
  [left, right]: readonly [Thing, Thing],
  boxes: readonly (readonly [number, number, number, number])[],
  orientation: number | undefined,
): Promise<Buffer> {
  const rects = [left, right].map((thing, b) => {
    const [x0, y0, x1, y1] = boxes[b];
    return `<rect x="${x0}" y="${y0}" width="${x1 - x0}" height="${y1 - y0}" fill="${things[thing]}"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
<rect width="100%" height="100%" fill="#d9d4c8"/>${rects.join("")}</svg>`;
  const upright = await sharp(Buffer.from(svg)).png().toBuffer();
  const back = { 3: 180, 6: 270, 8: 90 }[orientation ?? 0] ?? 0;
  const stored = sharp(upright).rotate(back).jpeg({ quality: 92 });
  return (orientation === undefined ? stored : stored.withMetadata({ orientation })).toBuffer();
}
