/**
 * Which pictures of a folder training holds out for evaluation, and the note of it that a trained model carries, so
 * that an evaluation on the same folder asks about those alone.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { mustBe } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import { parseJson } from "../common/json.ts";

/** Of so many pictures one is held out. */
const ONE_OF = 20;

/**
 * The pictures that are held out where no other folder is named: the last twentieth, rounded down. `pictures`: of
 * every example in the folder's order; examples of one picture stay on one side.
 */
export function heldOutOf(pictures: readonly string[]): ReadonlySet<string> {
  const unique = [...new Set(pictures)];
  return new Set(unique.slice(unique.length - Math.floor(unique.length / ONE_OF)));
}

const heldOutSchema = z.object({
  version: z.literal(1),
  /** {@link dataDigest} of the folder that the model was trained on. */
  data: z.string(),
  /** Ids of the examples of it that training left out. */
  heldOut: z.array(z.string()),
});

/** `held-out.json` in the folders of a run and of its model. */
export type HeldOut = z.infer<typeof heldOutSchema>;

const NAME = "held-out.json";

/** The same text for data of the same ids, in whatever order. */
export function dataDigest(ids: readonly string[]): string {
  const hash = createHash("sha256");
  for (const id of [...new Set(ids)].sort()) hash.update(`${JSON.stringify(id)}\n`);
  return hash.digest("hex");
}

export async function writeHeldOut(folder: string, heldOut: HeldOut): Promise<void> {
  await writeFileWhole(join(folder, NAME), `${JSON.stringify(heldOut, null, 2)}\n`);
}

/** What a model's folder says of its training data; undefined where it says nothing. */
export async function readHeldOut(folder: string): Promise<HeldOut | undefined> {
  const path = join(folder, NAME);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const checked = heldOutSchema.safeParse(parseJson(text, path));
  if (checked.success) return checked.data;
  throw mustBe(path, "the file", "as training writes it", checked.error.issues[0].message);
}
