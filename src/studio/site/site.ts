/** Where the built page is: in the package, or built from the sources into the cache of this project. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeFolderWhole } from "../../common/files.ts";

const packaged = fileURLToPath(new URL("../built/", import.meta.url));
const cache = fileURLToPath(new URL("../../../node_modules/.cache/fovea/", import.meta.url));

/** The folder of the page's files, without studio.json and models. */
export async function siteFolder(): Promise<string> {
  if (existsSync(join(packaged, "index.html"))) return packaged;
  const { buildScripts } = await import("./build.ts");
  const folder = join(cache, "studio");
  await writeFolderWhole(folder, buildScripts, { replace: true });
  return folder;
}
