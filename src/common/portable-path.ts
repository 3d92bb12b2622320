/** Paths as they may leave the machine. */
import { basename, isAbsolute, normalize, relative, sep } from "node:path";

/** A relative path stays; an absolute one is said from the working folder, if it is below that, or else by its last name. */
export function portablePath(path: string): string {
  if (!isAbsolute(path)) return normalize(path);
  const from = relative(process.cwd(), path);
  return from === "" || from.split(sep)[0] === ".." ? basename(path) : from;
}
