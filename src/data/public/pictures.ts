import { readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, isAbsolute, join, normalize } from "node:path";
import { mustBe, UserError } from "../../common/errors.ts";
import type { RgbImage } from "../../common/image.ts";
import { pathInside, resolveInside } from "../../common/inside.ts";
import {
  decodeImage,
  type PictureFormat,
  type PictureHeader,
  pictureHeader,
  readImage,
} from "../../hub/image/image-file.ts";
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
 * it; never outside of the folder, by real path. A file that two different names would lead to is a {@link bad} row: it
 * can be the picture of one of them at most.
 */
export function pictureFinder({
  path,
  images,
}: Pick<Source, "path" | "images">): (name: string) => Promise<Picture> {
  const folder = images ?? (extname(path) === "" ? path : dirname(path));
  const [found, names] = [new Map<string, Promise<Picture>>(), new Map<string, string>()];
  const openPicture = async (name: string): Promise<Picture> => {
    const { at, file } = await fileOf(folder, name);
    const known = names.get(at);
    if (known === undefined) names.set(at, name);
    else if (normalize(known) !== normalize(name))
      throw bad(shown(name), `would be read from ${at}, which is the picture of ${shown(known)}`, "picture");
    return { file };
  };
  return (name) => {
    const known = found.get(name) ?? openPicture(name);
    known.catch(() => {}); // Whoever asked hears of it.
    found.set(name, known);
    return known;
  };
}

/** Where a name leads to, and the file there. What lies outside of the folder is not read, and the row says so. */
async function fileOf(folder: string, name: string): Promise<{ readonly at: string; readonly file: string }> {
  const whole = await resolveInside(folder, name, { absolute: true });
  if ("path" in whole) return { at: isAbsolute(name) ? name : join(folder, name), file: whole.path };
  const last = await resolveInside(folder, basename(name));
  if ("path" in last) return { at: join(folder, basename(name)), file: last.path };
  const { problem, got } = last.problem === "missing" ? whole : last;
  throw problem === "outside"
    ? bad(
        shown(name),
        `must be a picture inside ${folder}; --images names the folder of the pictures`,
        "picture",
      )
    : bad(shown(name), `must be a picture in ${folder}, got ${got}`, "picture");
}

/** A name as it stands in a line: as long as names are. */
function shown(name: string): string {
  return name.length <= 200 ? name : `${name.slice(0, 200)}...`;
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
  if (!facts.isDirectory()) throw mustBe("data import", "PATH", "a file or a folder", path);
  const names = (await readdir(path)).filter((name) => ends.some((end) => name.endsWith(end))).sort();
  if (names.length === 0)
    throw mustBe("data import", "PATH", `a folder with files *${ends.join(", *")}`, path);
  for (const name of names) await pathInside(path, name, join(path, name));
  return names.map((name) => join(path, name));
}
