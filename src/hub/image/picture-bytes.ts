/** Bytes of picture files, taken for what their first bytes say, and read only from regular files. */
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { mustBe, UserError } from "../../common/errors.ts";
import { openRegular, pathInside } from "../../common/inside.ts";

/** Formats that are read. */
export const pictureFormats = ["png", "jpeg", "webp", "gif", "tiff", "avif"] as const;
export type PictureFormat = (typeof pictureFormats)[number];

/** The first bytes of each as Latin-1, a space for any. AVIF has its brand behind them, which its decoder looks at. */
const beginnings: Readonly<Record<PictureFormat, readonly string[]>> = {
  png: ["\x89PNG\r\n\x1a\n"],
  jpeg: ["\xff\xd8\xff"],
  webp: ["RIFF    WEBP"],
  gif: ["GIF87a", "GIF89a"],
  tiff: ["II*\0", "MM\0*", "II+\0", "MM\0+"],
  avif: ["    ftyp"],
};

function begins(text: string, beginning: string): boolean {
  return [...beginning].every((char, i) => char === " " || char === text[i]);
}

/** What people take for pictures. */
const others: readonly (readonly [beginning: RegExp, what: string])[] = [
  [/^BM/, "a BMP, which is not read; save it as PNG"],
  [/^(?:\xef\xbb\xbf)?\s*<(?:svg|\?xml|!--|!DOCTYPE svg)/i, "an SVG, which is not read; save it as PNG"],
  [/^\s*<(?:!DOCTYPE )?html/i, "a web page"],
  [/^version https:\/\/git-lfs/, "a pointer of Git LFS; git lfs pull fetches the picture"],
  [/^%PDF/, "a PDF, which is not read; save it as PNG"],
];

/** As many bytes tell what a file is. */
const START = 64;

/** The largest file that is read as a picture, in bytes. */
const MOST_BYTES = 2 ** 31 - 1;

/** Throws a `UserError` for bytes that do not begin as a picture. */
export function checkBytes(bytes: Uint8Array, name: string): void {
  const wrong = wrongBytes(bytes);
  if (wrong !== undefined) throw noPicture(name, wrong);
}

/** What is wrong with bytes that should begin a picture; undefined where nothing is. */
function wrongBytes(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return "an empty file";
  const start = Buffer.from(bytes.subarray(0, START)).toString("latin1");
  if (Object.values(beginnings).some((all) => all.some((one) => begins(start, one)))) return undefined;
  const [, other] = others.find(([beginning]) => beginning.test(start)) ?? [];
  return other ?? `bytes of none of the formats ${pictureFormats.join(", ")}`;
}

/** The error of a picture: `image NAME: expected a picture file, found: ...` */
export function noPicture(name: string, found: string, cause?: unknown): UserError {
  return new UserError(`image ${name}: expected ${expected}, found: ${found}`, { cause });
}

const expected = "a picture file";

/** The bytes of a picture file. Throws a `UserError` for what is none by its first bytes, before the rest is read. */
export async function readPictureBytes(path: string): Promise<Buffer> {
  const file = await openPicture(path);
  try {
    const { size } = await file.stat();
    if (size > MOST_BYTES) throw mustBe(`image ${path}`, "size", `at most ${MOST_BYTES} bytes`, size);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Throws a `UserError` unless a path leads to a regular file that begins as a picture. */
export async function checkPicture(path: string): Promise<void> {
  await (await openPicture(path)).close();
}

async function openPicture(path: string): Promise<FileHandle> {
  const file = await openRegular(path, `image ${path}`, expected);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(START), 0, START, 0);
    checkBytes(buffer.subarray(0, bytesRead), path);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The real path of a picture that a file names, within the folder of that file; see {@link pathInside}. */
export function pictureInside(folder: string, name: string): Promise<string> {
  return pathInside(folder, name, `image ${join(folder, name)}`, { expected });
}
