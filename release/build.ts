/**
 * Builds the packages that are published:
 *
 *     npm run build           # dist/fovea, dist/fovea-twins and dist/fovea-widgets
 *
 * `fovea`: the sources as JavaScript with their declarations, and the files that they read; `fovea-twins`: the two models
 * of the demo; `fovea-widgets`: the elements in Python notebooks. The same sources give the same bytes.
 */
import { execFile } from "node:child_process";
import { chmod, cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { writeFolderWhole } from "../src/common/files.ts";
import { buildElements } from "../src/elements/build/build.ts";
import { buildScripts } from "../src/studio/site/build.ts";
import { root } from "./lock.ts";
import { publishedManifest, readProject } from "./manifest.ts";
import { buildNotebook } from "./notebook.ts";
import { noticesOf } from "./notices.ts";
import { buildPageModule } from "./page.ts";
import { readmeOfPackage } from "./readme.ts";

/** Models of the package `fovea-twins`. */
const twins = ["ntp", "full"];

/** Builds all packages below `out`, each whole or not at all; what was there is replaced. */
export async function buildPackages(out: string): Promise<void> {
  await mkdir(out, { recursive: true });
  await writeFolderWhole(join(out, "fovea"), buildFovea, { replace: true });
  await writeFolderWhole(join(out, "fovea-twins"), buildTwins, { replace: true });
  await writeFolderWhole(join(out, "fovea-widgets"), buildNotebook, { replace: true });
}

async function buildFovea(folder: string): Promise<void> {
  const lib = join(folder, "lib");
  await compile(lib);
  await copyAssets(lib);
  await buildPageModule(join(lib, "web"));
  await buildPages(lib);
  await mkdir(join(folder, "bin"));
  await cp(join(root, "packages/fovea/fovea.cjs"), join(folder, "bin/fovea.cjs"));
  await chmod(join(folder, "bin/fovea.cjs"), 0o755);
  for (const name of ["LICENSE", "CHANGELOG.md"]) await cp(join(root, name), join(folder, name));
  const readme = await readFile(join(root, "README.md"), "utf8");
  await writeFile(join(folder, "README.md"), readmeOfPackage(readme));
  await writeJson(join(folder, "package.json"), publishedManifest(readProject()));
}

/** Studio's page and the elements as bundles, so that whoever has the package needs no bundler; their licences beside them. */
async function buildPages(lib: string): Promise<void> {
  const built = [
    [join(lib, "studio/built"), buildScripts],
    [join(lib, "elements/built"), buildElements],
  ] as const;
  for (const [folder, build] of built) {
    const inputs = await build(folder);
    await writeFile(join(folder, "licences.txt"), await noticesOf(inputs));
  }
}

async function compile(lib: string): Promise<void> {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const args = [tsc, "--project", join(root, "tsconfig.build.json"), "--outDir", lib];
  await promisify(execFile)(process.execPath, args, { cwd: root }).catch((error) => {
    throw new Error(`the sources do not compile:\n${error.stdout}`);
  });
  for (const path of await filesIn(lib)) {
    if (!/\.(js|d\.ts)$/.test(path)) continue;
    const text = await readFile(join(lib, path), "utf8");
    await writeFile(join(lib, path), path.endsWith(".js") ? withBuiltUrls(text) : withBuiltImports(text));
  }
}

/** Threads are started by their address, which the compiler leaves as it is. */
function withBuiltUrls(code: string): string {
  return code.replaceAll(/(new URL\("\.[^"]*)\.ts("\s*,\s*import\.meta\.url\))/g, "$1.js$2");
}

/** So are the imports of declarations. */
function withBuiltImports(code: string): string {
  return code.replaceAll(/((?:from|import\() ?"\.[^"]*)\.ts(")/g, "$1.js$2");
}

/** What sources read at run time: presets, prompts, prices, schemas. */
async function copyAssets(lib: string): Promise<void> {
  for (const path of await filesIn(join(root, "src"))) {
    if (!/\.(yaml|json|proto)$|^elements\/tokens\.css$/.test(path)) continue;
    await mkdir(dirname(join(lib, path)), { recursive: true });
    await cp(join(root, "src", path), join(lib, path));
  }
}

async function buildTwins(folder: string): Promise<void> {
  for (const name of ["README.md", "package.json"])
    await cp(join(root, "packages/twins", name), join(folder, name));
  await cp(join(root, "LICENSE"), join(folder, "LICENSE"));
  for (const name of twins)
    await cp(join(root, "checkpoints", name), join(folder, "checkpoints", name), { recursive: true });
}

/** Every file below a folder by its path from there, in order. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll("\\", "/"),
    )
    .sort();
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

if (process.argv[1] === import.meta.filename) {
  await buildPackages(join(root, "dist"));
  console.log("the packages are in dist/fovea, dist/fovea-twins and dist/fovea-widgets");
}
