/**
 * Which pictures of a folder training holds out for evaluation, and the note of it that a trained model carries, so
 * that an evaluation on the same folder asks about those alone.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { mustBe } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import { readIfThere } from "../common/inside.ts";
import { parseJson } from "../common/json.ts";
import { pictureInside } from "../hub/image/image-file.ts";
import { readPictureBytes } from "../hub/image/picture-file.ts";

/** Of so many pictures of a large folder one is held out; of a small one up to a fifth, so that there is something to ask. */
const ONE_OF = 20;
const ONE_OF_FEW = 5;
/** Pictures that a small folder should hold out. */
const ENOUGH = 16;

/**
 * The pictures that are held out where no other folder is named: a twentieth; of fewer than 320 pictures up to 16, but a
 * fifth at most. `pictures`: of every example in the folder's order; examples of one picture stay on one side. They are
 * chosen by a hash of their names, so that no order in the folder decides: pictures often lie there sorted by what they
 * show.
 */
export function heldOutOf(pictures: readonly string[]): ReadonlySet<string> {
  const unique = [...new Set(pictures)];
  const few = Math.min(ENOUGH, Math.floor(unique.length / ONE_OF_FEW));
  const count = Math.max(few, Math.floor(unique.length / ONE_OF));
  const ranked = unique.map((name) => ({ name, rank: createHash("sha256").update(name).digest("hex") }));
  ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return new Set(ranked.slice(0, count).map(({ name }) => name));
}

const heldOutSchema = z.object({
  version: z.literal(1),
  /** {@link dataDigest} of the folder that the model was trained on. */
  data: z.string(),
  /** Ids of the examples of it that training left out. */
  heldOut: z.array(z.string()),
  /** Of some examples, by id, the {@link picturePrint}: tells other data with the same ids apart. */
  prints: z.record(z.string(), z.string()).optional(),
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

/** Examples whose pictures are kept in mind by a hash, half of them held-out ones. */
const PRINTED = 16;

/** SHA-256 of a picture's file within a folder. */
export async function picturePrint(folder: string, picture: string): Promise<string> {
  return createHash("sha256")
    .update(await readPictureBytes(await pictureInside(folder, picture)))
    .digest("hex");
}

/** Prints of some examples of a folder, spread over both sides; a picture that cannot be read has none. */
export async function picturePrints(
  folder: string,
  sides: readonly (readonly { readonly id: string; readonly picture: string }[])[],
): Promise<Record<string, string>> {
  const some = sides.flatMap((all) => {
    const count = Math.min(all.length, PRINTED / sides.length);
    return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]);
  });
  const prints = some.map(async ({ id, picture }) => {
    const print = await picturePrint(folder, picture).catch(() => undefined);
    return print === undefined ? [] : [[id, print] as const];
  });
  return Object.fromEntries((await Promise.all(prints)).flat());
}

/** What a model's training saw of a folder. */
export interface Trained {
  /** Ids of the examples that training left out. */
  readonly heldOut: ReadonlySet<string>;
  /** Whether the folder has the same ids as when the model was trained. */
  readonly unchanged: boolean;
}

/**
 * Whether a folder is the data of a record, maybe with examples added or taken away since: an example has the id and the
 * picture that training saw. Undefined for other data, also such that has the same ids.
 */
export async function trainedOn(
  record: HeldOut,
  folder: string,
  examples: readonly { readonly id: string; readonly picture: string }[],
): Promise<Trained | undefined> {
  const unchanged = record.data === dataDigest(examples.map(({ id }) => id));
  const { prints } = record;
  const same = prints === undefined ? unchanged : await samePictures(prints, folder, examples);
  return same ? { heldOut: new Set(record.heldOut), unchanged } : undefined;
}

async function samePictures(
  prints: Readonly<Record<string, string>>,
  folder: string,
  examples: readonly { readonly id: string; readonly picture: string }[],
): Promise<boolean> {
  for (const { id, picture } of examples) {
    if (!Object.hasOwn(prints, id)) continue;
    const print = await picturePrint(folder, picture).catch(() => undefined);
    if (print === prints[id]) return true;
  }
  return false;
}

export async function writeHeldOut(folder: string, heldOut: HeldOut): Promise<void> {
  await writeFileWhole(join(folder, NAME), `${JSON.stringify(heldOut, null, 2)}\n`);
}

/** What a model's folder says of its training data; undefined where it says nothing. */
export async function readHeldOut(folder: string): Promise<HeldOut | undefined> {
  const path = join(folder, NAME);
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const checked = heldOutSchema.safeParse(parseJson(text, path));
  if (checked.success) return checked.data;
  throw mustBe(path, "the file", "as training writes it", checked.error.issues[0].message);
}
