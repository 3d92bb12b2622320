/** Where what can be made again is kept. */
import { homedir } from "node:os";
import { join } from "node:path";

/** In `folder`; else `FOVEA_CACHE` says where it is; else `fovea` in `XDG_CACHE_HOME` or ~/.cache. */
export function cacheFolder(folder?: string): string {
  return (
    folder ??
    process.env.FOVEA_CACHE ??
    join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "fovea")
  );
}
