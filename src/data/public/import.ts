import { createHash } from "node:crypto";
import { constants, copyFile, link, mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { mustBe, UserError } from "../../common/errors.ts";
import { writeFileWhole, writeFolderWhole } from "../../common/files.ts";
import { type Row, rowLine } from "../imagefolder/schema.ts";
import { sixDigits } from "../numbering.ts";
import { importCard } from "./card.ts";
import type { FormatOptions, Imported, Picture, PublicRow } from "./format.ts";
import { type PictureFacts, pictureEnds, pictureFacts } from "./pictures.ts";
import { type FormatName, publicFormats } from "./registry.ts";
import { attempt, bad, turnAhead } from "./rows.ts";
import { openTally, type Tally } from "./tally.ts";

export interface ImportOptions extends FormatOptions {
  readonly images?: string;
  /** At most so many pictures. */
  readonly limit?: number;
  /** Stops at the first bad row. */
  readonly strict?: boolean;
  /** Links pictures instead of copying them. */
  readonly link?: boolean;
  readonly replace?: boolean;
  readonly onProgress?: (rows: number) => void;
}

/** Pictures that are copied at a time. */
const copies = 8;

/**
 * Reads public data at `path` and writes it as the project's image folder, whole or not at all. Rows that
 * cannot be used are counted; throws a `UserError` when there are only such.
 */
export async function importPublic(
  name: FormatName,
  path: string,
  folder: string,
  options: ImportOptions = {},
): Promise<Imported> {
  const tally = openTally({ strict: options.strict ?? false });
  const format = publicFormats[name];
  const source = { path, options, tally, ...(options.images !== undefined && { images: options.images }) };
  const [questions, total]: [Record<string, number>, { rows: number; images: number }] = [
    {},
    { rows: 0, images: 0 },
  ];
  const summary = (): Imported => ({ folder, ...total, questions, ...tally.summary() });
  const fill = async (temporary: string) => {
    await mkdir(join(temporary, "images"));
    const file = await open(join(temporary, "metadata.jsonl"), "w");
    const keeper = pictureKeeper(temporary, options.link ?? false);
    try {
      const found = turnAhead(format.read(source), copies, headerReader(tally));
      const rows = turnAhead(firstOf(found, options.limit), copies, keeper.keep);
      for await (const row of joined(rows)) {
        await file.write(`${rowLine(row)}\n`);
        for (const { task } of row.questions) questions[task] = (questions[task] ?? 0) + 1;
        total.rows++;
        total.images = keeper.count();
        if (total.rows % 100 === 0) options.onProgress?.(total.rows);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (total.rows === 0) throw nothing(name, path, tally);
    await writeFileWhole(join(temporary, "README.md"), importCard(name, format.origin, summary()));
  };
  await writeFolderWhole(folder, fill, { replace: options.replace ?? false });
  return summary();
}

function nothing(name: FormatName, path: string, tally: Tally): UserError {
  const { badRows, firstBad } = tally.summary();
  const got = badRows === 0 ? "none" : `${badRows} bad ones, the first: ${firstBad[0]}`;
  return new UserError(`${name}: ${path} must have rows that can be used, got ${got}`);
}

/** The first rows, up to `limit` pictures. */
async function* firstOf(rows: AsyncIterable<Kept | undefined>, limit = Number.POSITIVE_INFINITY) {
  let [count, last] = [0, ""];
  for await (const kept of rows) {
    if (kept === undefined) continue;
    if (kept.key !== last && ++count > limit) return;
    last = kept.key;
    yield kept;
  }
}

/** Rows that follow each other with the same picture as one, with ids that differ. */
async function* joined(rows: AsyncIterable<Row>): AsyncGenerator<Row> {
  const ids = new Set<string>();
  const unique = (row: Row): Row => {
    let id = row.id;
    for (let again = 2; ids.has(id); again++) id = `${row.id}-${again}`;
    ids.add(id);
    return { ...row, id };
  };
  const held: Row[] = [];
  for await (const row of rows) {
    if (held.length > 0 && held[0].fileName !== row.fileName) yield unique(asOne(held.splice(0)));
    held.push(row);
  }
  if (held.length > 0) yield unique(asOne(held));
}

function asOne(rows: readonly Row[]): Row {
  const questions = rows.flatMap((row) => row.questions);
  return { ...rows[0], questions, concepts: rows.flatMap((row) => row.concepts) };
}

interface Kept {
  readonly row: PublicRow;
  readonly facts: PictureFacts;
  /** The same for the same picture. */
  readonly key: string;
}

/**
 * A function that adds what its picture's header says to a row; undefined for one that does not fit its
 * picture.
 */
function headerReader(tally: Tally) {
  let last: { readonly key: string; readonly facts: Promise<PictureFacts> } | undefined;
  return (row: PublicRow): Promise<Kept | undefined> =>
    attempt(row.place, tally, async () => {
      const key = keyOf(row.picture);
      if (last?.key !== key) last = { key, facts: pictureFacts(row.picture) };
      const facts = await last.facts;
      checkSizes(row, facts);
      return { row, facts, key };
    });
}

/**
 * A function that puts pictures into the folder, once for all rows that have it, numbered in the order of
 * calls.
 */
function pictureKeeper(folder: string, linked: boolean) {
  const known = new Map<string, { readonly fileName: string; readonly written: Promise<void> }>();
  const store = ({ row, facts }: Kept) => {
    // No name of the source in it: `datasets` would take a "val" for a split, without metadata.jsonl.
    const end = facts.turned ? ".png" : pictureEnds[facts.format];
    const fileName = `images/${sixDigits(known.size)}${end}`;
    return { fileName, written: put(row.picture, join(folder, fileName), facts.turned, linked) };
  };
  return {
    count: () => known.size,
    async keep(kept: Kept): Promise<Row> {
      const stored = known.get(kept.key) ?? store(kept);
      known.set(kept.key, stored);
      await stored.written;
      const { id, questions, concepts } = kept.row;
      return { fileName: stored.fileName, id, questions, concepts };
    },
  };
}

function keyOf(picture: Picture): string {
  return "file" in picture ? picture.file : createHash("sha256").update(picture.bytes).digest("hex");
}

async function put(picture: Picture, to: string, turned: boolean, linked: boolean): Promise<void> {
  const from = "file" in picture ? picture.file : picture.bytes;
  if (turned)
    await sharp(from).rotate().png().toFile(to); // Regions are of the picture as it is shown.
  else if ("bytes" in picture) await writeFile(to, picture.bytes);
  else if (!linked) await copyFile(picture.file, to, constants.COPYFILE_FICLONE);
  else
    await link(picture.file, to).catch((cause) => {
      throw new UserError(`${picture.file} cannot be linked; leave out --link: ${cause.message}`, { cause });
    });
}

function checkSizes({ size, questions, concepts }: PublicRow, { width, height }: PictureFacts): void {
  if (size !== undefined && (size.width !== width || size.height !== height))
    throw bad(
      "width, height",
      `must be the picture's, ${width} x ${height}, got ${size.width} x ${size.height}`,
    );
  for (const region of [...questions, ...concepts].flatMap(({ regions }) => regions))
    if (region.kind === "mask" && (region.size[0] !== height || region.size[1] !== width))
      throw mustBe("regions", "mask size", `[${height}, ${width}]`, [...region.size]);
}
