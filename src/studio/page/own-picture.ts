/** Pictures that visitors bring: picked, dropped, or pasted. */
import { UserError } from "../../common/errors.ts";
import type { RgbImage } from "../../common/image.ts";
import { readPicture } from "../../web/picture.ts";

/** A picture of the visitor's own: nobody knows what shows in it. */
export interface OwnPicture {
  readonly name: string;
  readonly image: RgbImage;
}

/** Reads a file; rejects with a UserError of one line for what is no picture or too large. */
export async function readOwn(file: File): Promise<OwnPicture> {
  const image = await readPicture(file);
  return { name: file.name === "" ? "picture" : file.name, image };
}

/** The first picture, or else the first file, that is dropped or pasted; undefined where none is. */
export function fileOf(transfer: DataTransfer | null): File | undefined {
  const files = [...(transfer?.files ?? [])];
  return files.find(({ type }) => type.startsWith("image/")) ?? files[0];
}

/** Whether something that is dragged over the page brings files. */
export function bringsFiles(transfer: DataTransfer | null): boolean {
  return transfer?.types.includes("Files") ?? false;
}

/** Said where nothing that was brought is a file. */
export const noFile = new UserError(
  "picture: there is none in what was brought; expected a PNG, JPEG, WebP, AVIF or GIF",
);
