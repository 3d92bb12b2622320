/** Data behind the server: 100,000 lines over few pictures, filtered there, shown a screen at a time, labelled and saved. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writePng } from "../../src/hub/image/image-file.ts";
import { openPlaces } from "../../src/studio/server/places.ts";
import { writeRuns } from "./boards-runs.ts";
import { openStudioPage, type StudioPage } from "./harness.ts";

const COUNT = 100_000;
let studio: StudioPage;
let work: string;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "fovea-data-server-"));
  const folder = join(work, "many");
  await mkdir(folder);
  for (let i = 0; i < 8; i++) {
    const data = new Uint8Array(3 * 48 * 48).fill(30 * i);
    await writePng(join(folder, `${i}.png`), { width: 48, height: 48, data });
  }
  const lines = Array.from({ length: COUNT }, (_, i) =>
    JSON.stringify({
      file_name: `${i % 8}.png`,
      id: `item-${i}`,
      note: i,
      questions: [
        {
          task: i % 2 === 0 ? "presence" : "naming",
          question: `what is number ${i} ?`,
          answer: `${i % 5}`,
          regions: [{ kind: "box", box: [4, 4, 20, 20] }],
          difficulty: { crossings: i % 7 },
        },
      ],
    }),
  );
  await writeFile(join(folder, "metadata.jsonl"), `${lines.join("\n")}\n{"file_name": "half`);
  const { run, answerOf } = await writeRuns(work);
  await run("poor", (i) => (i < 3 ? answerOf(i) : "maybe"));
  const { parts, setup } = await openPlaces({
    data: [folder, join(work, "data")],
    boards: [join(work, "runs")],
  });
  studio = await openStudioPage({ beside: { parts, setup }, path: "#/data" });
}, 120_000);

afterAll(async () => {
  await studio?.close();
  await rm(work, { recursive: true, force: true });
});

const wall = () => studio.page.getByRole("listbox", { name: "Pictures" });
const labelOf = (place: number) =>
  wall().locator(`[aria-posinset="${place}"]`).getAttribute("aria-label", { timeout: 20_000 });

test("a wall of 100,000 lines shows the right items wherever it is scrolled to, with few elements", async () => {
  const { page } = studio;
  await page.getByText("100,000 pictures.").waitFor({ timeout: 60_000 });
  await page.getByText("1 line cannot be read and is left out:").waitFor();
  await wall().focus();
  for (const [key, place] of [
    ["End", COUNT],
    ["Home", 1],
  ] as const) {
    await page.keyboard.press(key);
    await expect.poll(() => labelOf(place)).toMatch(new RegExp(`number ${place - 1} \\?`));
  }
  await wall().evaluate((list) => {
    list.scrollTop = list.scrollHeight / 2;
  });
  const options = wall().getByRole("option");
  await expect.poll(() => options.nth(4).getAttribute("aria-label")).toMatch(/number (4|5)\d{4} \?/);
  for (let i = 0; i < 5; i++) {
    const place = Number(await options.nth(i).getAttribute("aria-posinset"));
    await expect.poll(() => labelOf(place)).toMatch(new RegExp(`number ${place - 1} \\?`));
  }
  expect(await wall().evaluate((list) => list.querySelectorAll("*").length)).toBeLessThan(600);
  const canvas = options.nth(4).locator("canvas");
  await expect.poll(() => canvas.evaluate((one: HTMLCanvasElement) => one.width)).toBeGreaterThan(50);
});

test("conditions are met on the server", async () => {
  const { page } = studio;
  await page.goto(`${studio.address}#/data?data=server%3Amany&task=naming&axis.crossings=3`);
  await page.getByText("7,143 of 100,000 pictures: naming, crossings 3.").waitFor();
  await expect.poll(() => labelOf(1)).toMatch(/number 3 \?/);
  await expect.poll(() => labelOf(2)).toMatch(/number 17 \?/);
});

test("labels are saved beside the old ones", async () => {
  const { page } = studio;
  await page.goto(`${studio.address}#/data?data=server%3Amany&at=12&edit=1`);
  await page.getByLabel("answer").fill("twelve");
  await page.getByRole("button", { name: "save" }).click();
  await page.getByText("metadata.edited-1.jsonl", { exact: true }).waitFor();
  const saved = (await readFile(join(work, "many/metadata.edited-1.jsonl"), "utf8")).trim().split("\n");
  expect(saved).toHaveLength(COUNT);
  expect(JSON.parse(saved[12])).toMatchObject({ note: 12, questions: [{ answer: "twelve" }] });
  expect(JSON.parse(saved[13]).questions[0].answer).toBe("3");
});

test("who was wrong in a run is a condition", async () => {
  const { page } = studio;
  await page.goto(`${studio.address}#/data?data=server%3Adata&by.models%2Fpoor=wrong`);
  await page.getByText("9 of 12 pictures: wrong by models/poor.").waitFor();
  await page.goto(`${studio.address}#/boards`);
  await page.getByText(/^1 model on presence, 12 questions/).waitFor();
  expect(studio.errors).toEqual([]);
});
