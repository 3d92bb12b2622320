/** Picture files, read only from regular files, and only where their first bytes are a picture's. */
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { mustBe } from "../../common/errors.ts";
import { openRegular, pathInside } from "../../common/inside.ts";
import { checkBytes, expected, MOST_BYTES, START } from "./picture-bytes.ts";

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
