/** Where what can be made again is kept. */
import { homedir } from "node:os";
import { join } from "node:path";

/** In `folder`; else `FOVEA_CACHE` says where it is; else `fovea` in `XDG_CACHE_HOME` or ~/.cache. An empty variable is none. */
export function cacheFolder(folder?: string): string {
  const { FOVEA_CACHE, XDG_CACHE_HOME } = process.env;
  return folder ?? (FOVEA_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "fovea"));
}
