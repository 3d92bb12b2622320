/** The package in pages: the browser example as a user has it, and apps that bundlers build of what npm installed. */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../../release/lock.ts";
import { buildByEsbuild, buildByVite, foundBy, importsLeft } from "../browser/bundled.ts";
import { openSite } from "../browser/harness.ts";
import { newProject, nodes, openWorkshop, type UserProject, type Workshop } from "./support/installed.ts";

let workshop: Workshop;
let project: UserProject;
beforeAll(async () => {
  workshop = await openWorkshop();
  project = await newProject(workshop, "page", nodes.newest);
  await cp(join(root, "examples/browser-page"), project.folder, { recursive: true });
  await cp(join(root, "tests/browser/app"), join(project.folder, "app"), { recursive: true });
  const { code, stderr } = await project.run("npm", "install", "--ignore-scripts");
  expect([code, stderr]).toEqual([0, expect.any(String)]);
});
afterAll(() => workshop.close());

it("runs the example without a bundler, on a server of static files", async () => {
  const folders = { site: project.folder };
  const { page, errors, close } = await openSite({ folders, path: "site/index.html", isolated: false });
  const sentence = await page.locator("#sentence").textContent();
  await close();
  expect(sentence).toBe("Layer 4 says watermelon at row 2, column 2: 1.00.");
  expect(errors.filter((error) => !error.includes("404"))).toEqual([]);
});

it.each([
  ["Vite", buildByVite, undefined],
  ["esbuild", buildByEsbuild, "/ort/ort-wasm-simd-threaded.wasm"],
] as const)("is bundled by %s, and the app runs", async (name, build, assets) => {
  const out = join(project.folder, `built-${name}`);
  await build(join(project.folder, "app"), out);
  expect(await importsLeft(out)).toEqual([]);
  expect(await foundBy(out, assets)).toMatchObject({ text: "a3", errors: [] });
});
