/** The boards room as a static site: run folders that the visitor opens. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningBoards, writeRuns } from "./boards-runs.ts";
import { openStudioPage, type StudioPage } from "./harness.ts";

let studio: StudioPage;
let work: string;
let made: RunningBoards;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "fovea-boards-room-"));
  made = await writeRuns(work);
  await made.run("good", made.answerOf);
  await made.run("poor", (i) => (i < 3 ? made.answerOf(i) : "<b>maybe</b>"));
  await writeFile(join(work, "runs/poor/../notes.txt"), "mine");
  studio = await openStudioPage({ static: true, path: "#/boards" });
}, 60_000);

afterAll(async () => {
  await studio?.close();
  await rm(work, { recursive: true, force: true });
});

test("an empty room says what to do, an opened folder is a table, a value opens pictures", async () => {
  const { page } = studio;
  await page.getByText("No runs yet.").waitFor();
  await page.locator("input.folder").setInputFiles(work);
  await page.getByText(/^2 models on presence, 12 questions/).waitFor();
  await page.getByRole("button", { name: /^models\/poor on presence: 25\.0 %/ }).press("Enter");
  await page.getByRole("heading", { name: "models/poor on presence" }).waitFor();
  await expect.poll(() => page.getByRole("article").count()).toBe(9);
  expect(page.url()).toContain("row=1&column=0");
  expect(await page.getByText("<b>maybe</b>").count()).toBe(9);
  const canvas = page.getByRole("article").first().getByRole("img");
  await expect.poll(() => canvas.evaluate((one: HTMLCanvasElement) => one.width)).toBeGreaterThan(50);
  await page.getByRole("button", { name: "right", exact: true }).click();
  await page.getByText("3 answers").waitFor();
  expect(studio.errors).toEqual([]);
});
