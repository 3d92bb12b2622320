/** Pieces of work of which no two are alike: pictures of other sizes, texts of other lengths. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { type Random, random } from "../../src/common/random.ts";

export interface Piece {
  readonly png: Buffer;
  readonly width: number;
  readonly height: number;
  /** Most of its words are in no other piece. */
  readonly question: string;
  /** What may stand before the picture; often nothing. */
  readonly before: string;
}

/** `most`: words of a question. */
export async function piece(seed: number, index: number, most: number): Promise<Piece> {
  const source = random("soak", seed, index);
  const side = () => Math.round(24 * 2 ** (source.uniform() * 4.5));
  const [width, height] = [side(), side()];
  const colour = () => Math.floor(256 * source.uniform());
  const background = { r: colour(), g: colour(), b: index % 256 };
  const create = { width, height, channels: 3, background } as const;
  return {
    png: await sharp({ create }).png().toBuffer(),
    width,
    height,
    question: `${words(source, 1 + Math.floor(most * source.uniform()))} ${index} ?`,
    before: words(source, Math.max(0, Math.floor(most * (source.uniform() - 0.5)))),
  };
}

/** Words of one to nine letters. */
function words(source: Random, count: number): string {
  const letter = () => "abcdefghijklmnopqrstuvwxyz"[Math.floor(26 * source.uniform())];
  const word = () => Array.from({ length: 1 + Math.floor(9 * source.uniform()) }, letter).join("");
  return Array.from({ length: count }, word).join(" ");
}

/** An image folder of such pieces, one question a picture, whose answers are yes and no in turn. */
export async function writePieces(
  folder: string,
  count: number,
  seed: number,
  most: number,
): Promise<readonly string[]> {
  await mkdir(join(folder, "images"), { recursive: true });
  const [lines, paths]: [string[], string[]] = [[], []];
  for (let i = 0; i < count; i++) {
    const { png, width, height, question } = await piece(seed, i, most);
    const file_name = `images/${String(i).padStart(6, "0")}.png`;
    await writeFile(join(folder, file_name), png);
    const region = { kind: "box", box: [0, 0, Math.ceil(width / 2), Math.ceil(height / 2)] };
    const asked = { task: "soak", question, answer: i % 2 === 0 ? "yes" : "no", regions: [region] };
    const concepts = [{ word: "cat", present: true, regions: [region] }];
    lines.push(JSON.stringify({ file_name, id: `soak-${i}`, questions: [asked], concepts }));
    paths.push(join(folder, file_name));
  }
  await writeFile(join(folder, "metadata.jsonl"), `${lines.join("\n")}\n`);
  return paths;
}
