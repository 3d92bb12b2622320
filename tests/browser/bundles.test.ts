import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPageModule, pageModule } from "../../release/page.ts";
import { readImage } from "../../src/hub/image/image-file.ts";
import { conceptMap } from "../../src/lens/token-map.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { buildByEsbuild, buildByVite, type Found, foundBy, importsLeft } from "./bundled.ts";

const root = join(import.meta.dirname, "../..");
const app = join(import.meta.dirname, "app");

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "fovea-bundles-"));
});
afterAll(() => rm(work, { recursive: true, force: true }));

async function expectOfNode({ values, text, errors }: Found): Promise<void> {
  const model = await openVlm(join(root, "checkpoints/full"));
  const picture = await readImage(join(root, "examples/browser-page/scenes/airplane.png"));
  const want = await conceptMap(model, picture, "airplane");
  expect(values.length).toBe(want.values.length);
  expect(Math.max(...values.map((value, i) => Math.abs(value - want.values[i])))).toBeLessThan(1e-4);
  expect(text).toBe("a3");
  expect(errors).toEqual([]);
}

describe("the sources, by bundlers that people use", () => {
  it("Vite: the built app runs, with ONNX Runtime's files beside it", async () => {
    const out = join(work, "vite");
    await buildByVite(app, out);
    expect(await importsLeft(out)).toEqual([]);
    await expectOfNode(await foundBy(out));
  });

  it("esbuild: the built app runs, told where ONNX Runtime's files lie", async () => {
    const out = join(work, "esbuild");
    expect(await buildByEsbuild(app, out)).toEqual([]);
    expect(await importsLeft(out)).toEqual([]);
    await expectOfNode(await foundBy(out, "/ort/"));
  });
});

it("the module for pages without a bundler is one file that imports nothing", async () => {
  const folder = join(work, "module");
  await buildPageModule(folder);
  const names = await readdir(folder);
  expect(names.filter((name) => name.endsWith(".js"))).toEqual([pageModule]);
  expect(await importsLeft(folder)).toEqual([]);
});
