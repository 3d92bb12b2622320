/** Saves labels that were edited in the page as a new file beside the old one. */
import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../../common/errors.ts";
import { writeFileWhole } from "../../../common/files.ts";
import { readRow } from "../../../data/imagefolder/schema.ts";
import { checkRegions } from "../../../data/regions.ts";
import { pictureInside, pictureSize } from "../../../hub/image/image-file.ts";
import { type EditedLabels, freeName, mergedLine, type SavedLabels } from "../../page/data/edits.ts";
import { hashOf, type OpenedData, rawLines } from "./opened.ts";

/** What the page sends: its fields are checked again, as lines, when they are merged. */
const part = z.looseObject({ regions: z.array(z.looseObject({ kind: z.string() })) });
export const editsSchema = z.object({
  edits: z.array(
    z.object({
      index: z.int().min(0),
      questions: z.array(part),
      concepts: z.array(part),
    }),
  ),
});

type GivenEdits = z.output<typeof editsSchema>["edits"];
type GivenLabels = Omit<GivenEdits[number], "index">;

/** Throws a `UserError` for labels that are none, and where the old file is not as it was read. */
export async function saveLabels(data: OpenedData, given: GivenEdits): Promise<SavedLabels> {
  const edits = new Map(given.map(({ index, ...labels }) => [index, labels]));
  await mustBeAsRead(data);
  const lines = await mergedLines(data, edits);
  const taken = new Set(await readdir(data.folder));
  const file = freeName(taken, data.metadata !== undefined);
  const path = join(data.folder, file);
  await mustBeFree(path);
  await writeFileWhole(path, `${lines.join("\n")}\n`);
  return { file, command: file === "metadata.jsonl" ? data.path : path };
}

async function mustBeAsRead({ metadata, hash }: OpenedData): Promise<void> {
  if (metadata === undefined || (await hashOf(metadata)) === hash) return;
  throw new UserError(
    `labels: ${metadata} has changed since Studio read it, so that lines could be mixed up; start Studio again`,
  );
}

async function mustBeFree(path: string): Promise<void> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) throw new UserError(`labels: ${path} is there already; save again`);
}

/**
 * The lines that Studio could read, those that were edited with their new labels, checked as they will be read. Lines that
 * cannot be read are left to the old file: with them the new one would be no data set.
 */
async function mergedLines(data: OpenedData, edits: ReadonlyMap<number, GivenLabels>): Promise<string[]> {
  const rowOf = new Map(data.lineOf.map((line, row) => [line, row]));
  const lines: string[] = [];
  let line = -1;
  for await (const { value } of rawLines(data)) {
    line++;
    const row = rowOf.get(line);
    if (row === undefined) continue;
    const edit = edits.get(row);
    const merged = edit === undefined ? value : mergedLine(value as Record<string, unknown>, asEdited(edit));
    if (edit !== undefined) await checkLine(data, merged);
    lines.push(JSON.stringify(merged));
  }
  return lines;
}

/** Their fields are checked as those of a line, once they are merged. */
const asEdited = (labels: GivenLabels) => labels as object as EditedLabels;

async function checkLine({ folder }: OpenedData, line: unknown): Promise<void> {
  const read = readRow(line);
  if ("problem" in read) throw new UserError(`labels: ${read.problem}`);
  const { fileName, questions, concepts } = read.row;
  const size = await pictureSize(await pictureInside(folder, fileName));
  const wrong = checkRegions(questions, concepts, size).find(({ isFatal }) => isFatal);
  if (wrong !== undefined) throw new UserError(`labels of ${fileName}: ${wrong.message}`);
}
