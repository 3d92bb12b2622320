/**
 * The Python package of the elements, `fovea_widgets`, with its script:
 *
 *     node release/notebook.ts        puts the script beside the Python files of packages/notebook, for pip install -e
 */
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { buildNotebookScript } from "../src/elements/build/build.ts";
import { root } from "./lock.ts";

const source = join(root, "packages/notebook");
const script = "fovea_widgets/static/notebook.js";

/** Writes the package into a folder, as it is published. */
export async function buildNotebook(folder: string): Promise<void> {
  await mkdir(join(folder, "fovea_widgets"), { recursive: true });
  for (const name of ["README.md", "pyproject.toml", "fovea_widgets/__init__.py"])
    await cp(join(source, name), join(folder, name));
  await cp(join(root, "LICENSE"), join(folder, "LICENSE"));
  await buildNotebookScript(join(folder, script));
}

if (process.argv[1] === import.meta.filename) {
  await buildNotebookScript(join(source, script));
  console.log(`the script is in packages/notebook/${script}`);
}
