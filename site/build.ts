/**
 * npm run docs: the documentation, the examples and the API reference as one site in dist-docs/, with search, for any
 * static server and without a network. `--dev` shows it while one writes; `--serve` shows what was built.
 *
 * Its packages are its own (install.ts), so that whoever uses Fovea does not install them.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { contentOf } from "./pages.ts";
import type { Entries } from "./reference.ts";

const root = join(import.meta.dirname, "..");
const content = join(import.meta.dirname, ".content");

/** Markdown files of the project that are pages: its own, the guide, and the READMEs of rooms and examples. */
async function pageFiles(): Promise<string[]> {
  const named = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"];
  const guide = (await readdir(join(root, "docs")))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
  const parts = ["src", "examples", "experiments", "bench", "fuzz", "release", "packages", "tests", "bin"];
  const readmes = await Promise.all(parts.map(readmesIn));
  return [...named, ...guide, ...readmes.flat()].filter((file) => existsSync(join(root, file)));
}

async function readmesIn(folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true });
  const inside = entries.filter((name) => /(^|\/)README\.md$/.test(name));
  return inside
    .filter((name) => !/(^|\/)(fixtures|node_modules)\//.test(name))
    .map((name) => `${folder}/${name}`);
}

/** Sub-paths and their tables of contents, as package.json exports them. */
async function entries(): Promise<Entries> {
  const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    exports: Record<string, string>;
  };
  const modules = Object.entries(exports).filter(([, path]) => path.endsWith(".ts"));
  return Object.fromEntries(modules.map(([name, path]) => [`fovea${name.slice(1)}`, path]));
}

async function write(path: string, text: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(content, path)), { recursive: true });
  await writeFile(join(content, path), text);
}

/** The first page and its pictures: here, and on the site. */
const ownFiles = [
  ["site/index.md", "index.md"],
  ["site/icon.svg", "public/icon.svg"],
  ["docs/images/twins.png", "public/twins.png"],
] as const;

/** Everything that the site is made of, as Markdown and pictures in one folder, and what its sidebar needs. */
async function prepare(): Promise<void> {
  const { referenceSidebars, writeReference } = await import("./reference.ts");
  await rm(content, { recursive: true, force: true });
  const { pages, images } = contentOf(root, await pageFiles());
  for (const { path, text } of pages) await write(path, text);
  for (const image of images) await write(image, await readFile(join(root, image)));
  for (const [from, to] of ownFiles) await write(to, await readFile(join(root, from)));
  const modules = await entries();
  await writeReference(root, modules, join(content, "api"));
  await write("api/sidebar.json", JSON.stringify(referenceSidebars(join(content, "api"), modules)));
}

// Tools of VitePress look for settings of the compiler in the working folder.
process.chdir(import.meta.dirname);
const { build, createServer, serve } = await import("vitepress");
if (process.argv.includes("--serve")) await serve({ root: import.meta.dirname });
else {
  await prepare();
  if (process.argv.includes("--dev")) {
    const server = await createServer(import.meta.dirname);
    await server.listen();
    server.printUrls();
  } else await build(import.meta.dirname);
}
