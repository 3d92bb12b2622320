/** What the system says of files that cannot be written or read, in one line. */
import { dirname, resolve, sep } from "node:path";
import { getSystemErrorMessage } from "node:util";
import { UserError } from "./errors.ts";

/** What a system says of a place that cannot be written, in words. */
const faults: Readonly<Record<string, string>> = {
  EACCES: "permission is denied",
  EBUSY: "it is in use, or a disk of its own",
  EDQUOT: "the disk quota is used up",
  EEXIST: "a file of this name is there",
  EFBIG: "it is larger than a file may be here",
  EINVAL: "the file system does not take this name",
  EIO: "the disk does not answer",
  EISDIR: "a folder of this name is there",
  ELOOP: "its links go round in a circle",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ENFILE: "too many files are open",
  ENOENT: "its folder is gone",
  ENOSPC: "no space is left on the disk",
  ENOTDIR: "a part of the path is a file",
  ENOTEMPTY: "a folder of this name is there and holds files",
  ENXIO: "it is no file",
  EPERM: "permission is denied",
  EROFS: "the file system is read-only",
  ESTALE: "its folder is gone",
  EXDEV: "it is on another disk than its folder",
};

/** A {@link UserError} for what went wrong while `path` was written, if the user can mend it; else the error itself. */
export function writeFault(path: string, error: unknown, what: string = path): unknown {
  const { code, path: at } = (error ?? {}) as NodeJS.ErrnoException;
  const reason = faults[code ?? ""];
  const parent = dirname(resolve(path));
  const elsewhere = at !== undefined && !isWithin(resolve(at), parent) && !isWithin(parent, resolve(at));
  if (reason === undefined || error instanceof UserError || elsewhere) return error; // Of a file that was read.
  return new UserError(`${what} cannot be written: ${reason}`, { cause: error });
}

/** Whether a path is a folder or lies in it; both absolute. */
export const isWithin = (path: string, folder: string) =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/** What the system says went wrong with a file, in one line; undefined for an error of another kind. */
export function systemFault(error: Error): UserError | undefined {
  const { errno, syscall, path, code } = error as NodeJS.ErrnoException;
  const isOfFile =
    path !== undefined || ["write", "read", "fsync", "ftruncate", "close", "uv_cwd"].includes(syscall ?? "");
  if (errno === undefined || code === undefined || !isOfFile) return undefined;
  return new UserError(
    `${path ?? (syscall === "uv_cwd" ? "the working folder" : "a file")}: ${getSystemErrorMessage(errno)} (${syscall})`,
    { cause: error },
  );
}

/** Throws what {@link writeFault} makes of it. */
export function writing<T>(path: string, work: Promise<T>, what?: string): Promise<T> {
  return work.catch((error) => {
    throw writeFault(path, error, what);
  });
}
