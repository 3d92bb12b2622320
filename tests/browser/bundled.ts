/** The app of `app/`, as bundlers build it: what it shows in the page, and what its modules still ask of Node. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { build as esbuild } from "esbuild";
import { build as vite } from "vite";
import { openSite, runtimeFiles } from "./harness.ts";

const root = join(import.meta.dirname, "../..");

/** Builds with Vite; `app` holds the app's files, of a project that has `fovea`. */
export async function buildByVite(app: string, outDir: string): Promise<void> {
  await vite({
    root: app,
    base: "./",
    configFile: false,
    logLevel: "error",
    build: { outDir, emptyOutDir: true, target: "es2024" },
  });
}

/** Builds with esbuild, and puts the page beside; gives what esbuild warns of. */
export async function buildByEsbuild(app: string, outdir: string): Promise<readonly unknown[]> {
  const { warnings } = await esbuild({
    entryPoints: [join(app, "app.ts")],
    outdir,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2024",
    logLevel: "silent",
  });
  const page = await readFile(join(app, "index.html"), "utf8");
  await writeFile(join(outdir, "index.html"), page.replace("./app.ts", "./app.js"));
  return warnings;
}

/** Modules of Node, and of no bundle, that the modules of a folder still import or stand in for. */
export async function importsLeft(folder: string): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".js"));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  const named = texts.flatMap((text) => [
    ...text.matchAll(/(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*["']([^"'./][^"']*)["']/g),
  ]);
  const standIns = texts.flatMap((text) => text.match(/browser-external:\w+/g) ?? []);
  const left = named.map(([, name]) => name).filter((name) => isBuiltin(name) || name.startsWith("#"));
  return [...new Set([...left, ...standIns])];
}

/** What the app found: the map of the last layer [N], and the answer to where the word is. */
export interface Found {
  readonly values: readonly number[];
  readonly text: string;
  readonly errors: readonly string[];
}

/** Runs a built app on the twin `full` and a scene with an airplane; `assets`: where ONNX Runtime's files lie. */
export async function foundBy(folder: string, assets?: string): Promise<Found> {
  const query = new URLSearchParams({
    model: "/checkpoints/full/",
    picture: "/scenes/airplane.png",
    word: "airplane",
    ...(assets !== undefined && { assets }),
  });
  const folders = {
    app: folder,
    ort: runtimeFiles,
    checkpoints: join(root, "checkpoints"),
    scenes: join(root, "examples/browser-page/scenes"),
  };
  const opened = await openSite({ folders, path: `app/index.html?${query}` });
  const { values = "[]", text = "" } = await opened.page.evaluate(() => ({ ...document.body.dataset }));
  await opened.close();
  return {
    values: JSON.parse(values),
    text,
    errors: opened.errors.filter((error) => !error.includes("404")),
  };
}
