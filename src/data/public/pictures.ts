import { access, readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, isAbsolute, join } from "node:path";
import sharp from "sharp";
import { mustBe, UserError } from "../../common/errors.ts";
import type { Picture, Size, Source } from "./format.ts";
import { bad } from "./rows.ts";

/** What the header of a picture says. */
export interface PictureFacts extends Size {
  /** "jpeg", "png", "webp" or "gif" */
  readonly format: string;
  /** Whether the camera was turned: the pixels lie otherwise than they are shown. */
  readonly turned: boolean;
}

/** Ends of file names by format; pictures of other formats are refused. */
export const pictureEnds: Readonly<Record<string, string>> = {
  jpeg: ".jpg",
  png: ".png",
  webp: ".webp",
  gif: ".gif",
};

/**
 * Size (as shown, turned upright) and format of a picture; a {@link bad} row when it is none that can be
 * read.
 */
export async function pictureFacts(picture: Picture): Promise<PictureFacts> {
  const [from, name] = "file" in picture ? [picture.file, picture.file] : [picture.bytes, "picture"];
  const header = await sharp(from)
    .metadata()
    .catch((cause: Error) => {
      throw bad(name, `cannot be read: ${cause.message}`);
    });
  const { format = "", orientation = 1, width = 0, height = 0 } = header;
  if (!Object.hasOwn(pictureEnds, format)) throw bad(name, `must be JPEG, PNG, WebP or GIF, got ${format}`);
  const size = orientation >= 5 ? { width: height, height: width } : { width, height };
  return { ...size, format, turned: orientation > 1 };
}

/**
 * Finds pictures by the names that data gives them: below the folder by that path, else by the last part of
 * it.
 */
export function pictureFinder({ path, images }: Source): (name: string) => Promise<Picture> {
  const folder = images ?? (extname(path) === "" ? path : dirname(path));
  return async (name) => {
    for (const file of [isAbsolute(name) ? name : join(folder, name), join(folder, basename(name))])
      if (await isThere(file)) return { file };
    throw bad(name, `must be a picture in ${folder}, got no such file`);
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
