import { readdir, stat } from "node:fs/promises";
import { basename, extname, join, relative, sep } from "node:path";
import { z } from "zod";
import { mustBe, UserError } from "../../common/errors.ts";
import { inBatches } from "../../common/in-batches.ts";
import { pathInside, readRegular, resolveInside } from "../../common/inside.ts";
import { sharp } from "../../hub/image/decoders.ts";
import { pictureHeader } from "../../hub/image/image-file.ts";
import { pictureInside, readPictureBytes } from "../../hub/image/picture-file.ts";
import { type CutOut, type Level, mipLevels } from "./cutout.ts";
import { decodeCutOut } from "./decode.ts";

/** `names.json`: file paths within the folder and their names, as one object or as a list. */
const namesFile = z.union([
  z.record(z.string(), z.string().min(1)),
  z.array(z.object({ file: z.string(), name: z.string().min(1) })),
]);

/**
 * Loads every PNG and WebP below a folder as a cut-out. Its name comes from `names.json` in the folder, else from
 * the first line of a `.txt` beside the picture, else from the file name ({@link nameOfCaption}, {@link nameOfFile}).
 * `alternatives` are named in the error when there is no such folder.
 */
export async function loadCutOutFolder(
  folder: string,
  alternatives: readonly string[] = [],
): Promise<CutOut[]> {
  const files = await picturesBelow(folder, [".png", ".webp"], "cut-outs", alternatives);
  const listed = await readNames(folder);
  const chosen = listed === undefined ? files : files.filter((file) => listed.has(file));
  if (chosen.length === 0) throw mustBe("cut-outs", "folder", "one that holds PNG or WebP pictures", folder);
  return inBatches(chosen, async (file) => {
    const name = listed?.get(file) ?? (await captionName(folder, file)) ?? nameOfFile(file);
    return decodeCutOut(await bytesOf(folder, file), name, file);
  });
}

/** Photos for backgrounds, area-averaged at every size like cut-outs, but opaque. */
export interface Photo {
  readonly picture: string;
  readonly levels: readonly Level[];
}

/** Loads every JPEG, PNG and WebP below a folder as a background, reduced to `maxSide` pixels. */
export async function loadPhotos(folder: string, maxSide = 640): Promise<Photo[]> {
  const files = await picturesBelow(folder, [".jpg", ".jpeg", ".png", ".webp"], "backgrounds", []);
  if (files.length === 0)
    throw mustBe("backgrounds", "folder", "one that holds JPEG, PNG or WebP photos", folder);
  return inBatches(files, async (file) => {
    const bytes = await bytesOf(folder, file);
    return { picture: file, levels: await decodePhoto(bytes, join(folder, file), maxSide) };
  });
}

/** Files of the folder may be links: only what lies in it is read. */
async function bytesOf(folder: string, file: string): Promise<Buffer> {
  try {
    const bytes = await readPictureBytes(await pictureInside(folder, file));
    await pictureHeader(bytes, file);
    return bytes;
  } catch (cause) {
    throw new UserError(`picture ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

async function decodePhoto(bytes: Uint8Array, path: string, maxSide: number): Promise<Level[]> {
  try {
    const { data, info } = await sharp(bytes)
      .autoOrient()
      .resize(maxSide, maxSide, { fit: "inside", withoutEnlargement: true })
      .toColourspace("srgb")
      .flatten({ background: "#ffffff" })
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return mipLevels({ width: info.width, height: info.height, data });
  } catch (cause) {
    throw new UserError(`picture ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

async function picturesBelow(
  folder: string,
  extensions: readonly string[],
  what: string,
  alternatives: readonly string[],
): Promise<string[]> {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined || !found.isDirectory())
    throw mustBe(what, "folder", ["an existing folder", ...alternatives].join(" or "), folder);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && extensions.includes(extname(entry.name).toLowerCase()))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, "/"))
    .sort();
}

async function readNames(folder: string): Promise<Map<string, string> | undefined> {
  const path = join(folder, "names.json");
  if (!(await readdir(folder)).includes("names.json")) return undefined;
  const text = `${await readRegular(await pathInside(folder, "names.json", path), path, MOST_TEXT)}`;
  try {
    const names = namesFile.parse(JSON.parse(text));
    return new Map(
      Array.isArray(names) ? names.map((entry) => [entry.file, entry.name]) : Object.entries(names),
    );
  } catch (cause) {
    const hint = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
    throw new UserError(`${path} must map picture files to names: ${hint.replaceAll("\n", " ")}`, { cause });
  }
}

/** Bytes of the largest text beside pictures. */
const MOST_TEXT = 67_108_864;

async function captionName(folder: string, picture: string): Promise<string | undefined> {
  const found = await resolveInside(folder, picture.replace(/\.[^.]+$/, ".txt"));
  return "path" in found
    ? nameOfCaption(`${await readRegular(found.path, found.path, MOST_TEXT)}`)
    : undefined;
}

/**
 * The name in a caption's first line: up to the first punctuation, lower case, without its article ("A frog." is
 * "frog"); undefined when that leaves nothing or more than three words.
 */
export function nameOfCaption(caption: string): string | undefined {
  const phrase = caption.split("\n")[0].split(/[.,;:!?()]/)[0];
  const words = wordsOf(phrase).filter((word, i) => i > 0 || !["a", "an", "the"].includes(word));
  return words.length === 0 || words.length > 3 ? undefined : words.join(" ");
}

/** The name in a file name: words split at marks and digits, a trailing number dropped ("frog-1.png" is "frog"). */
export function nameOfFile(file: string): string {
  const stem = basename(file, extname(file));
  const words = wordsOf(stem.replace(/[-_ ]*\d+$/, ""));
  return words.length === 0 ? stem.toLowerCase() : words.join(" ");
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}'’]+/gu) ?? [];
}
