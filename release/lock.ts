/** The lock file: every package that an install may bring, on any platform. */
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { z } from "zod";

export const root = join(import.meta.dirname, "..");

const names = z.record(z.string(), z.string()).optional();

/** Fields of package.json, and of an entry of package-lock.json, which repeats them. */
const manifest = z.object({
  name: z.string().optional(),
  version: z.string().optional(),
  license: z.unknown().optional(),
  dependencies: names,
  devDependencies: names,
  optionalDependencies: names,
  scripts: names,
});

const entry = manifest.extend({
  license: z.string().optional(),
  integrity: z.string().optional(),
  resolved: z.string().optional(),
  link: z.boolean().optional(),
  dev: z.boolean().optional(),
  optional: z.boolean().optional(),
  hasInstallScript: z.boolean().optional(),
  os: z.union([z.string(), z.array(z.string())]).optional(),
});

export type Manifest = z.infer<typeof manifest>;
export type LockEntry = z.infer<typeof entry>;

/** An entry and where it is installed: `node_modules/sharp`. */
export interface Locked extends LockEntry {
  readonly path: string;
  /** Its name at the registry, which its folder has too unless package.json gives it another. */
  readonly name: string;
  readonly version: string;
}

/** The project's own entry in the lock file, which repeats package.json. */
export function lockedProject(): LockEntry {
  return readLock()[""];
}

/** What builds the documentation has packages and a lock file of its own. */
export const site = "site";

/**
 * Packages of a registry, in the order of the file: not the project itself, and nothing that is a folder of it.
 * `folder`: where the lock file is, from the root.
 */
export function lockedPackages(folder = ""): Locked[] {
  return Object.entries(readLock(folder))
    .filter(([path, { link }]) => path.startsWith("node_modules/") && link !== true)
    .map(([path, locked]) => ({
      ...locked,
      path: posix.join(folder, path),
      name: locked.name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length),
      version: locked.version ?? "",
    }));
}

/** Folders of the project that stand in for packages: where each is required from, and the folder. */
export function lockedFolders(): { readonly path: string; readonly folder: string }[] {
  return Object.entries(readLock()).flatMap(([path, { link, resolved }]) =>
    link === true ? [{ path, folder: resolved ?? "" }] : [],
  );
}

function readLock(folder = ""): Record<string, LockEntry> {
  const lock: unknown = JSON.parse(readFileSync(join(root, folder, "package-lock.json"), "utf8"));
  return z.object({ packages: z.record(z.string(), entry) }).parse(lock).packages;
}

/** A package.json; undefined where none is, as for packages of other platforms. */
export function readManifest(folder: string): Manifest | undefined {
  const path = join(root, folder, "package.json");
  return existsSync(path) ? manifest.parse(JSON.parse(readFileSync(path, "utf8"))) : undefined;
}
