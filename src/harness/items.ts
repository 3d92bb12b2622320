import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { checkTruth } from "../answers/judge.ts";
import { mustBe, UserError } from "../common/errors.ts";
import { random } from "../common/random.ts";
import { openImageFolder } from "../data/imagefolder/read.ts";
import type { Row } from "../data/imagefolder/schema.ts";
import type { ItemRecord } from "./record.ts";

export interface ItemChoice {
  /** Ask a random part of this many questions; all when left out. */
  readonly limit?: number;
  readonly seed?: number;
  /** Only the examples of this part. */
  readonly part?: Part;
}

/** Some of the examples of a folder. */
export interface Part {
  /** "held-out", "train" */
  readonly name: string;
  readonly has: (exampleId: string) => boolean;
}

/** The questions of a data folder. */
export interface Items {
  readonly items: readonly ItemRecord[];
  /** SHA-256 of `metadata.jsonl`. */
  readonly dataHash: string;
}

/**
 * The questions of an image folder, or a seeded part of them in the folder's order. Throws a `UserError` where the
 * folder, a row or a picture cannot be read, or two examples have the same id.
 */
export async function readItems(folder: string, { limit, seed = 0, part }: ItemChoice = {}): Promise<Items> {
  const { rows } = await openImageFolder(folder);
  const metadata = await readFile(join(folder, "metadata.jsonl"));
  refuseTwins(folder, rows);
  const asked = part === undefined ? rows : rows.filter(({ id }) => part.has(id));
  const places = asked.flatMap((row) => row.questions.map((_, q) => ({ row, q })));
  if (places.length === 0)
    throw new UserError(
      `eval: ${part === undefined ? "" : `the ${part.name} part of `}${folder} holds no questions`,
    );
  const chosen = new Set(
    limit === undefined ? places : random("items", seed).shuffle(places).slice(0, limit),
  );
  const sizes = sizeReader(folder);
  const items: ItemRecord[] = [];
  for (const place of places)
    if (chosen.has(place)) {
      const item = itemOf(place.row, place.q, await sizes(place.row.fileName));
      checkTruth(item, `data set ${folder}, question ${item.id}`);
      items.push(item);
    }
  return { items, dataHash: createHash("sha256").update(metadata).digest("hex") };
}

function refuseTwins(folder: string, rows: readonly Row[]): void {
  const seen = new Set<string>();
  for (const { id } of rows) {
    if (seen.has(id)) throw mustBe(`data set ${folder}`, "id", "different for every example", id);
    seen.add(id);
  }
}

function itemOf(row: Row, q: number, size: { width: number; height: number }): ItemRecord {
  const { task, question, answer, answerType = "text", choices, regions, difficulty = {} } = row.questions[q];
  return {
    id: `${row.id}/${q}`,
    task,
    image: row.fileName,
    ...size,
    question,
    answer,
    answerType,
    ...(choices && { choices }),
    regions,
    difficulty,
  };
}

/** Reads the size of a picture from its header, once. */
function sizeReader(folder: string): (fileName: string) => Promise<{ width: number; height: number }> {
  const known = new Map<string, { width: number; height: number }>();
  return async (fileName) => {
    const found = known.get(fileName);
    if (found !== undefined) return found;
    const path = join(folder, fileName);
    const { width, height } = await sharp(path)
      .metadata()
      .catch((cause) => {
        throw new UserError(`image ${path} cannot be read: ${cause.message}`, { cause });
      });
    const size = { width, height };
    known.set(fileName, size);
    return size;
  };
}
