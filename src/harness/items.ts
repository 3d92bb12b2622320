/** From a data folder to the questions that a model is asked. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { checkTruth } from "../answers/judge.ts";
import { mustBe, UserError } from "../common/errors.ts";
import type { Size } from "../common/image.ts";
import { random } from "../common/random.ts";
import { notices, openImageFolder } from "../data/imagefolder/read.ts";
import type { Row } from "../data/imagefolder/schema.ts";
import { checkRegions } from "../data/regions.ts";
import { pictureInside, pictureSize } from "../hub/image/image-file.ts";
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
  /** SHA-256 of the file that holds the rows. */
  readonly dataHash: string;
  /** What the maker of the data should know, a line each. */
  readonly notices: readonly string[];
}

/**
 * The questions of an image folder, or a seeded part of them in the folder's order. Throws a `UserError` where the
 * folder, a row or a picture cannot be read, or two examples have the same id.
 */
export async function readItems(folder: string, { limit, seed = 0, part }: ItemChoice = {}): Promise<Items> {
  const opened = await openImageFolder(folder);
  const { rows } = opened;
  const metadata = await readFile(opened.metadata);
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
  const sizes = sizeReader(opened.folder);
  const items: ItemRecord[] = [];
  for (const place of places)
    if (chosen.has(place)) {
      const item = itemOf(place.row, place.q, await sizes(place.row.fileName));
      checkTruth(item, `data set ${folder}, question ${item.id}`);
      items.push(item);
    }
  const dataHash = createHash("sha256").update(metadata).digest("hex");
  return { items, dataHash, notices: notices(opened) };
}

function refuseTwins(folder: string, rows: readonly Row[]): void {
  const seen = new Set<string>();
  for (const { id } of rows) {
    if (seen.has(id)) throw mustBe(`data set ${folder}`, "id", "different for every example", id);
    seen.add(id);
  }
}

/** Throws a `UserError` for a region that does not lie in the picture: no answer could be right. */
function itemOf(row: Row, q: number, size: Size): ItemRecord {
  const bad = checkRegions([row.questions[q]], [], size).find(({ isFatal }) => isFatal);
  if (bad !== undefined) throw new UserError(`example ${row.id}, question ${q + 1}: ${bad.message}`);
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

/** Reads the size of a picture, as it is shown, from its header, once. */
function sizeReader(folder: string): (fileName: string) => Promise<Size> {
  const known = new Map<string, Promise<Size>>();
  return (fileName) => {
    const size = known.get(fileName) ?? pictureInside(folder, fileName).then(pictureSize);
    known.set(fileName, size);
    return size;
  };
}
