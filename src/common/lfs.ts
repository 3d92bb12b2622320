/** Git LFS keeps large files elsewhere and puts a note of three lines in their place: what a clone without it has. */
import { UserError } from "./errors.ts";

const beginning = "version https://git-lfs.github.com/spec/";
/** No pointer is longer (git-lfs's own limit). */
export const longestPointer = 1024;

/** Whether the first bytes of a file, or all its text, are those of a pointer. */
export function isLfsPointer(content: Uint8Array | string): boolean {
  if (typeof content === "string") return content.length <= longestPointer && content.startsWith(beginning);
  return String.fromCharCode(...content.subarray(0, beginning.length)) === beginning;
}

/** Throws a `UserError` that names the file where its content is a pointer. */
export function refuseLfsPointer(path: string, content: Uint8Array | string): void {
  if (isLfsPointer(content)) throw lfsPointer(path);
}

export function lfsPointer(path: string): UserError {
  return new UserError(`${path} is a Git LFS pointer, not the file; fetch it with: git lfs pull`);
}
