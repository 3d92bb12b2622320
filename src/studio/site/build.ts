/**
 * Builds the page: a folder that any static server can serve.
 *
 *     buildSite("out/studio", { models: [...] })
 *         index.html, main.js and what it loads, page.css, worker.js, trainer.js, offline.js, files.json, studio.json, ort/, cutouts/, models/
 *
 * The package of fovea has it built (`lib/studio/built`); in a clone it is built from the sources when it is asked for.
 */
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { writeCutOuts } from "./cutouts.ts";
import { metaPolicy } from "./policy.ts";

const project = fileURLToPath(new URL("../../../", import.meta.url));
const page = fileURLToPath(new URL("../page/", import.meta.url));
const worker = fileURLToPath(new URL("../models/worker.ts", import.meta.url));
const trainer = fileURLToPath(new URL("../learn/worker.ts", import.meta.url));

/** The files of ONNX Runtime that the page loads: for wasm, and for WebGPU. */
const runtimeFiles = ["ort-wasm-simd-threaded", "ort-wasm-simd-threaded.asyncify"].flatMap((name) => [
  `${name}.wasm`,
  `${name}.mjs`,
]);

/** Whose files are copied, or packed into others. */
const packedPackages = ["onnxruntime-web", "@lobehub/fluent-emoji-3d"].map((name) => `node_modules/${name}/`);

/** Writes scripts, style, fonts and ONNX Runtime's files into a folder; gives the paths of what they are made of. */
export async function buildScripts(folder: string): Promise<string[]> {
  const { build } = await import("esbuild");
  const { metafile } = await build({
    absWorkingDir: project,
    metafile: true,
    entryPoints: {
      main: join(page, "main.ts"),
      worker,
      trainer,
      offline: join(page, "offline/worker.ts"),
      page: join(page, "page.css"),
    },
    outdir: folder,
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    conditions: ["browser"],
    target: "es2024",
    chunkNames: "parts/[name]-[hash]",
    assetNames: "fonts/[name]-[hash]",
    loader: { ".woff2": "file", ".woff": "empty" },
    legalComments: "none",
    logLevel: "error",
    plugins: [ownColours],
  });
  await writeFile(join(folder, "index.html"), withPolicy(await readFile(join(page, "index.html"), "utf8")));
  await writeCutOuts(folder);
  await writeFile(join(folder, "files.json"), JSON.stringify(await filesIn(folder)));
  const ort = dirname(createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));
  await mkdir(join(folder, "ort"), { recursive: true });
  for (const name of runtimeFiles) await cp(join(ort, name), join(folder, "ort", name));
  return [...Object.keys(metafile.inputs), ...packedPackages];
}

/** What the page keeps for when there is no network; ONNX Runtime's files it knows once they are loaded. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const paths = files.map((path) => relative(folder, path).split(sep).join("/"));
  return paths.filter((path) => !/^(ort|models)\//.test(path)).sort();
}

/**
 * Charts need all of d3's colour scales, maps four of some forty: maps get a copy of their own, in which a scale that nobody
 * uses is left out, for the calls that make it do nothing else.
 */
const ownColours: Plugin = {
  name: "own-colours",
  setup(build) {
    const name = "d3-scale-chromatic";
    build.onResolve({ filter: new RegExp(`^${name}$`) }, async ({ importer, kind, resolveDir }) => {
      if (!importer.endsWith(join("lens", "colour.ts"))) return undefined;
      const { path } = await build.resolve(name, { importer: "", kind, resolveDir });
      return { path, suffix: "?own", sideEffects: false };
    });
    build.onLoad({ filter: new RegExp(`${name}\\.mjs$`) }, async ({ path, suffix }) => {
      if (suffix !== "?own") return undefined;
      const calls =
        /(?<!function )\b(ramp(\$1)?|colors|cubehelix\$1|interpolateCubehelixLong|new Array)(?=\()/g;
      return { contents: (await readFile(path, "utf8")).replaceAll(calls, "/* @__PURE__ */ $&") };
    });
  },
};

/** A static site has no headers of its own: the page says itself what it may load. */
function withPolicy(html: string): string {
  const policy = `<meta http-equiv="Content-Security-Policy" content="${metaPolicy}" />`;
  return html.replace("<head>", `<head>\n    ${policy}`);
}

export async function buildSite(folder: string, setup: unknown): Promise<void> {
  await mkdir(folder, { recursive: true });
  await buildScripts(folder);
  await writeFile(join(folder, "studio.json"), `${JSON.stringify(setup, null, 2)}\n`);
}
