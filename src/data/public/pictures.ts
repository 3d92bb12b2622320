import { access, readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, isAbsolute, join, normalize } from "node:path";
import { mustBe, UserError } from "../../common/errors.ts";
import type { RgbImage } from "../../common/image.ts";
import {
  decodeImage,
  type PictureFormat,
  type PictureHeader,
  pictureHeader,
  readImage,
} from "../../hub/image-file.ts";
import type { Picture, Size, Source } from "./format.ts";
import { BadRow, bad } from "./rows.ts";

/** What the header of a picture says. */
export interface PictureFacts extends PictureHeader {
  /** The end of the file name under which its bytes are kept; undefined where it is written as a PNG. */
  readonly end?: string;
}

/** Ends of file names by format; pictures of other formats are written as PNG. */
export const pictureEnds: Readonly<Partial<Record<PictureFormat, string>>> = {
  jpeg: ".jpg",
  png: ".png",
  webp: ".webp",
  gif: ".gif",
};

/**
 * Size (as shown, turned upright) and format of a picture; a {@link bad} row when it is none that can be
 * read. Damage after the header is found by {@link decodedPicture}.
 */
export async function pictureFacts(picture: Picture): Promise<PictureFacts> {
  const header = await pictureHeader(...sourceOf(picture)).catch(badPicture);
  const end = header.orientation === 1 ? pictureEnds[header.format] : undefined;
  return { ...header, ...(end !== undefined && { end }) };
}

/** Throws a {@link bad} row where the data says another size of a picture than it has. */
export function checkSize(said: Size, { width, height }: Size): void {
  if (said.width === width && said.height === height) return;
  const got = `${said.width} x ${said.height}`;
  throw bad("width, height", `must be the picture's, ${width} x ${height}, got ${got}`);
}

/** The pixels of a picture; a {@link bad} row where it is damaged. */
export function decodedPicture(picture: Picture): Promise<RgbImage> {
  return ("file" in picture ? readImage(picture.file) : decodeImage(picture.bytes, "picture")).catch(
    badPicture,
  );
}

function sourceOf(picture: Picture): [source: string | Uint8Array, name: string] {
  return "file" in picture ? [picture.file, picture.file] : [picture.bytes, "picture"];
}

function badPicture(cause: Error): never {
  throw new BadRow(cause.message, "picture");
}

/**
 * Finds pictures by the names that data gives them: below the folder by that path, else by the last part of
 * it. A file that two different names would lead to is a {@link bad} row: it can be the picture of one of them at most.
 */
export function pictureFinder({
  path,
  images,
}: Pick<Source, "path" | "images">): (name: string) => Promise<Picture> {
  const folder = images ?? (extname(path) === "" ? path : dirname(path));
  const names = new Map<string, string>();
  return async (name) => {
    const whole = isAbsolute(name) ? name : join(folder, name);
    for (const file of [whole, join(folder, basename(name))]) {
      if (!(await isThere(file))) continue;
      const known = names.get(file);
      if (known === undefined) names.set(file, name);
      else if (known !== name && normalize(known) !== normalize(name))
        throw bad(name, `would be read from ${file}, which is the picture of ${known}`, "picture");
      return { file };
    }
    throw bad(name, `must be a picture in ${folder}, got no such file`, "picture");
  };
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/**
 * The file itself, or a folder's files whose names end in one of `ends`, sorted; throws a `UserError` without
 * any.
 */
export async function sourceFiles(path: string, ends: readonly string[]): Promise<string[]> {
  const facts = await stat(path).catch((cause) => {
    throw new UserError(`${path} cannot be read: ${cause.message}`, { cause });
  });
  if (facts.isFile()) return [path];
  const names = (await readdir(path)).filter((name) => ends.some((end) => name.endsWith(end))).sort();
  if (names.length === 0)
    throw mustBe("data import", "PATH", `a folder with files *${ends.join(", *")}`, path);
  return names.map((name) => join(path, name));
}
