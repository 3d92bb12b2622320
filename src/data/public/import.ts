/** Published data to an image folder: rows checked against pictures, counted, written. */
import { createHash } from "node:crypto";
import { constants, copyFile, link, mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../common/errors.ts";
import { writeFileWhole, writeFolderWhole } from "../../common/files.ts";
import { cutToPicture } from "../../grounding/fit.ts";
import { encodePng } from "../../hub/image/image-file.ts";
import type { Question } from "../example.ts";
import { type Row, rowLine } from "../imagefolder/schema.ts";
import { sixDigits } from "../numbering.ts";
import { checkRegions, countTiny, tinyWarning } from "../regions.ts";
import { importCard } from "./card.ts";
import type { FormatOptions, Imported, Picture, PublicRow } from "./format.ts";
import { checkSize, decodedPicture, type PictureFacts, pictureFacts } from "./pictures.ts";
import { type FormatName, publicFormats } from "./registry.ts";
import { attempt, BadRow, turnAhead } from "./rows.ts";
import { mainList, openRows, openTally, type Tally } from "./tally.ts";

/** What of a published data set is imported, and how. */
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
  const written = { rows: 0, images: 0, questions: {} as Record<string, number> };
  const summary = (): Imported => ({ folder, ...written, ...tally.summary() });
  const fill = async (temporary: string) => {
    await mkdir(join(temporary, "images"));
    const hint = (format.options as readonly string[]).includes("boxes")
      ? "; --boxes norm1 reads them so"
      : "";
    await writeRows(format.read(source), temporary, { tally, written, unitHint: hint, ...options });
    closeLists(tally, options.limit !== undefined);
    if (written.rows === 0) throw nothing(name, path, tally);
    await writeFileWhole(join(temporary, "README.md"), importCard(name, format.origin, summary()));
  };
  await writeFolderWhole(folder, fill, { replace: options.replace ?? false });
  return summary();
}

interface Writing extends ImportOptions {
  readonly tally: Tally;
  /** What helps where every box looks like one of another unit. */
  readonly unitHint: string;
  readonly written: { rows: number; images: number; readonly questions: Record<string, number> };
}

async function writeRows(source: AsyncIterable<PublicRow>, folder: string, writing: Writing): Promise<void> {
  const { tally, written, limit, link = false, unitHint, onProgress } = writing;
  const file = await open(join(folder, "metadata.jsonl"), "w");
  const keeper = pictureKeeper(folder, link, tally);
  const tiny = { all: 0, tiny: 0, first: undefined as string | undefined };
  let learns = false;
  try {
    const found = turnAhead(source, copies, headerReader(tally));
    const rows = turnAhead(firstOf(found, limit), copies, keeper.keep);
    for await (const row of joined(rows)) {
      await file.write(`${rowLine(row)}\n`);
      for (const { task } of row.questions) written.questions[task] = (written.questions[task] ?? 0) + 1;
      learns ||= row.questions.length + row.concepts.length > 0;
      const counted = countTiny([row]);
      tiny.all += counted.all;
      tiny.tiny += counted.tiny;
      tiny.first ??= counted.first;
      written.rows++;
      written.images = keeper.count();
      if (written.rows % 100 === 0) onProgress?.(written.rows);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  const warning = tinyWarning({ all: tiny.all, tiny: tiny.tiny, first: tiny.first ?? "" });
  if (warning !== undefined) tally.note(`warning: ${warning}${unitHint}`);
  if (written.rows > 0 && !learns)
    tally.note("warning: no row has a question or a concept: there is nothing to train on or to ask");
}

/** Rows that were read ahead of a limit are left out; without a limit every row has its place by now. */
function closeLists(tally: Tally, isLimited: boolean): void {
  if (!isLimited) return;
  for (const [name, ledger] of Object.entries(tally.summary().lists))
    tally.list(name).leaveOut(`${name} read and not wanted: --limit`, openRows(ledger));
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
  const [ids, nextNumber] = [new Set<string>(), new Map<string, number>()];
  const unique = (row: Row): Row => {
    let [id, next] = [row.id, nextNumber.get(row.id) ?? 2];
    while (ids.has(id)) id = `${row.id}-${next++}`;
    ids.add(id);
    nextNumber.set(row.id, next);
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
 * picture, or whose picture is damaged.
 */
function headerReader(tally: Tally) {
  const known = new Map<string, Promise<PictureFacts>>();
  return async (row: PublicRow): Promise<Kept | undefined> => {
    const [[list, own], ...others] = partsOf(row);
    const kept = await attempt(row.place, tally.list(list), async () => {
      const key = keyOf(row.picture);
      const reading = known.get(key) ?? soundPicture(row.picture);
      known.set(key, reading);
      const facts = await reading;
      return { row: fitted(row, facts, tally), facts, key };
    });
    if (kept === undefined)
      for (const [name, count] of [[list, own - 1] as const, ...others])
        tally.list(name).leaveOut(`${name} of a picture or row that could not be used`, count);
    return kept;
  };
}

/** What the header says of a picture that can be decoded to its end: half a file has a whole header. */
async function soundPicture(picture: Picture): Promise<PictureFacts> {
  const facts = await pictureFacts(picture);
  await decodedPicture(picture);
  return facts;
}

/** What a row was made from, its own list first. */
function partsOf({ parts = { [mainList]: 1 } }: PublicRow): (readonly [list: string, count: number])[] {
  return Object.entries(parts);
}

/**
 * A function that puts pictures into the folder, once for all rows that have it, numbered in the order of
 * calls.
 */
function pictureKeeper(folder: string, linked: boolean, tally: Tally) {
  const known = new Map<string, { readonly fileName: string; readonly written: Promise<void> }>();
  const store = ({ row, facts }: Kept) => {
    // No name of the source in it: `datasets` would take a "val" for a split, without metadata.jsonl.
    const fileName = `images/${sixDigits(known.size)}${facts.end ?? ".png"}`;
    return { fileName, written: put(row.picture, join(folder, fileName), facts, linked) };
  };
  return {
    count: () => known.size,
    async keep(kept: Kept): Promise<Row> {
      const stored = known.get(kept.key) ?? store(kept);
      known.set(kept.key, stored);
      await stored.written;
      for (const [list, count] of partsOf(kept.row)) tally.list(list).use(count);
      const { id, questions, concepts } = kept.row;
      return { fileName: stored.fileName, id, questions, concepts };
    },
  };
}

const hashes = new WeakMap<Uint8Array, string>();

/** Rows that share a picture share its bytes: each is hashed once. */
function keyOf(picture: Picture): string {
  if ("file" in picture) return picture.file;
  const known = hashes.get(picture.bytes) ?? createHash("sha256").update(picture.bytes).digest("hex");
  hashes.set(picture.bytes, known);
  return known;
}

async function put(picture: Picture, to: string, facts: PictureFacts, linked: boolean): Promise<void> {
  if (facts.end === undefined)
    await writeFile(to, await encodePng(await decodedPicture(picture))); // Regions are of the picture as it is shown.
  else if ("bytes" in picture) await writeFile(to, picture.bytes);
  else if (!linked) await copyFile(picture.file, to, constants.COPYFILE_FICLONE);
  else
    await link(picture.file, to).catch((cause) => {
      throw new UserError(`${picture.file} cannot be linked; leave out --link: ${cause.message}`, { cause });
    });
}

/** The row with its regions cut at the picture's border. Throws a {@link bad} row where it does not fit the picture. */
function fitted(row: PublicRow, { width, height }: PictureFacts, tally: Tally): PublicRow {
  const { size, questions, concepts } = row;
  if (size !== undefined) checkSize(size, { width, height });
  const problems = checkRegions(questions, concepts, { width, height });
  const fatal = problems.find(({ isFatal }) => isFatal);
  if (fatal !== undefined) throw new BadRow(fatal.message, "regions");
  tally.count("boxes cut at the border", problems.filter(({ misfit }) => misfit === "partly").length);
  const cut = <T extends Pick<Question, "regions">>(part: T): T => ({
    ...part,
    regions: part.regions.map((region) => cutToPicture(region, { width, height })),
  });
  return { ...row, questions: questions.map(cut), concepts: concepts.map(cut) };
}
