import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build as esbuild } from "esbuild";
import { build as vite } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPageModule, pageModule } from "../../release/page.ts";
import { readImage } from "../../src/hub/image/image-file.ts";
import { conceptMap } from "../../src/lens/token-map.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { openSite, runtimeFiles } from "./harness.ts";

const root = join(import.meta.dirname, "../..");
const app = join(import.meta.dirname, "app");
const scenes = join(root, "examples/browser-page/scenes");

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "fovea-bundles-"));
});
afterAll(() => rm(work, { recursive: true, force: true }));

/** Modules of Node, and of no bundle, that the modules of a folder still import or stand in for. */
async function importsLeft(folder: string): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".js"));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  const named = texts.flatMap((text) => [
    ...text.matchAll(/(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*["']([^"'./][^"']*)["']/g),
  ]);
  const standIns = texts.flatMap((text) => text.match(/browser-external:\w+/g) ?? []);
  const left = named.map(([, name]) => name).filter((name) => isBuiltin(name) || name.startsWith("#"));
  return [...new Set([...left, ...standIns])];
}

/** Runs a built app and gives what it found. */
async function foundBy(folder: string, page: string, assets?: string) {
  const query = new URLSearchParams({
    model: "/checkpoints/full/",
    picture: "/scenes/airplane.png",
    word: "airplane",
    ...(assets !== undefined && { assets }),
  });
  const folders = { app: folder, ort: runtimeFiles, checkpoints: join(root, "checkpoints"), scenes };
  const opened = await openSite({ folders, path: `app/${page}?${query}` });
  const { values = "[]", text = "" } = await opened.page.evaluate(() => ({ ...document.body.dataset }));
  await opened.close();
  expect(opened.errors.filter((error) => !error.includes("404"))).toEqual([]);
  return { values: JSON.parse(values) as number[], text };
}

async function expectOfNode(found: { readonly values: number[]; readonly text: string }): Promise<void> {
  const model = await openVlm(join(root, "checkpoints/full"));
  const { values } = await conceptMap(model, await readImage(join(scenes, "airplane.png")), "airplane");
  expect(found.values.length).toBe(values.length);
  expect(Math.max(...found.values.map((value, i) => Math.abs(value - values[i])))).toBeLessThan(1e-4);
  expect(found.text).toBe("a3");
}

describe("bundlers that people use", () => {
  it("Vite: the built app runs, with ONNX Runtime's files beside it", async () => {
    const outDir = join(work, "vite");
    await vite({
      root: app,
      base: "./",
      configFile: false,
      logLevel: "error",
      build: { outDir, emptyOutDir: true, target: "es2024" },
    });
    expect(await importsLeft(outDir)).toEqual([]);
    await expectOfNode(await foundBy(outDir, "index.html"));
  });

  it("esbuild: the built app runs, told where ONNX Runtime's files lie", async () => {
    const outdir = join(work, "esbuild");
    const { warnings } = await esbuild({
      entryPoints: [join(app, "app.ts")],
      outdir,
      bundle: true,
      format: "esm",
      platform: "browser",
      target: "es2024",
      logLevel: "silent",
    });
    expect(warnings).toEqual([]);
    const page = await readFile(join(app, "index.html"), "utf8");
    await writeFile(join(outdir, "index.html"), page.replace("./app.ts", "./app.js"));
    expect(await importsLeft(outdir)).toEqual([]);
    await expectOfNode(await foundBy(outdir, "index.html", "/ort/"));
  });
});

it("the module for pages without a bundler is one file that imports nothing", async () => {
  const folder = join(work, "module");
  await buildPageModule(folder);
  expect(await readdir(folder)).toEqual([pageModule]);
  expect(await importsLeft(folder)).toEqual([]);
});
