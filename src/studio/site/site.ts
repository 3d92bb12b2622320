/** Where the built page is: in the package, or built from the sources into the cache of this project. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { removeFolderWhole, writeFolderWhole } from "../../common/files.ts";

const packaged = fileURLToPath(new URL("../built/", import.meta.url));
const project = fileURLToPath(new URL("../../../", import.meta.url));
const cache = join(project, "node_modules/.cache/fovea");

/** The folder of the page's files, without studio.json and models. */
export async function siteFolder(): Promise<string> {
  if (existsSync(join(packaged, "index.html"))) return packaged;
  const folder = join(cache, `studio-${await sourcesHash()}`);
  if (existsSync(join(folder, "index.html"))) return folder;
  const { buildScripts } = await import("./build.ts");
  await writeFolderWhole(folder, async (whole) => void (await buildScripts(whole))).catch((error) => {
    if (!existsSync(join(folder, "index.html"))) throw error; // Else another start was first.
  });
  await forgetOthers(folder);
  return folder;
}

/** Of everything that the page could be made of: another hash, another folder. */
async function sourcesHash(): Promise<string> {
  const entries = await readdir(join(project, "src"), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash("sha256");
  for (const path of [join(project, "package-lock.json"), ...files.sort()]) {
    const bytes = await readFile(path);
    hash.update(`${path.slice(project.length)} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex").slice(0, 16);
}

const day = 24 * 3600 * 1000;

/** Removes pages of other sources; one of today may be served still. */
async function forgetOthers(folder: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    if (!/^studio(-[0-9a-f]+)?$/.test(name) || path === folder) continue;
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > day) await removeFolderWhole(path).catch(() => {});
  }
}
