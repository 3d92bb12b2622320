/**
 * The pictures of Studio in the docs, from the command as people start it:
 *
 *     node tests/studio/screenshots.ts             writes docs/images/studio-*.png, in about four minutes
 *     node tests/studio/screenshots.ts play learn  only these
 *
 * It makes scenes, has the shipped models answer them, and opens `fovea studio` on both in headless Chromium.
 */
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { launch } from "../browser/harness.ts";

const root = join(import.meta.dirname, "../..");
const cli = join(root, "src/cli/main.ts");
const fovea = (...args: string[]) => promisify(execFile)(process.execPath, [cli, ...args], { cwd: root });

/** The address that a started Studio prints. */
async function startStudio(args: readonly string[]) {
  const child = spawn(process.execPath, [cli, "studio", "--no-open", "--port", "0", ...args], { cwd: root });
  const address = await new Promise<string>((resolve, reject) => {
    let said = "";
    const hear = (data: Buffer) => {
      said += data;
      const [found] = /http:\/\/\S+/.exec(said) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("exit", () => reject(new Error(`studio ended: ${said}`)));
  });
  return { address, end: () => child.kill("SIGINT") };
}

/** Colours few enough for a small file, without dithering that would look like noise. */
async function save(page: Page, name: string): Promise<void> {
  const png = await sharp(await page.screenshot())
    .png({ palette: true, colours: 256, dither: 0.4 })
    .toBuffer();
  await writeFile(join(root, `docs/images/studio-${name}.png`), png);
  console.log(`studio-${name}.png, ${Math.round(png.length / 1024)} KB`);
}

const asked = process.argv.slice(2);
const isWanted = (name: string) => asked.length === 0 || asked.includes(name);

const work = await mkdtemp(join(tmpdir(), "fovea-screenshots-"));
const scenes = join(work, "scenes");
const made = ["--count", "120", "--names", "64", "--seed", "9", "--tasks", "naming,grid-patch,presence"];
await fovea("data", "make", "scenes", ...made, "--out", scenes);
for (const name of isWanted("boards") ? ["full", "ntp-lll", "ntp-klal", "ntp"] : ["full"])
  await fovea("eval", scenes, "--model", `checkpoints/${name}`, "--out", join(work, "evals", name));
const studio = await startStudio(["--data", scenes, "--boards", join(work, "evals")]);
const context = await launch(join(work, "profile"), {
  viewport: { width: 1440, height: 900 },
  colorScheme: "light",
});
try {
  const page = context.pages()[0] ?? (await context.newPage());
  /** Opens a room, and waits for what it shows once its models have answered. */
  const open = async (hash: string, until: RegExp) => {
    await page.goto(studio.address);
    await page.evaluate((to) => {
      location.hash = to;
    }, hash);
    await page.getByText(until).first().waitFor({ timeout: 120_000 });
    await page.waitForTimeout(4000);
  };
  for (const [name, hash, until] of [
    ["play", "#/play?scene=77-4", /^(right|wrong)$/],
    [
      "look",
      "#/look?picture=scene:77-4&concept=lion&question=where+is+the+lion+%3F&pins=29&cut=0.5",
      /^on the image$/,
    ],
    ["data", "#/data", /^\d+ pictures/],
    ["boards", "#/boards", /^\d+ models on/],
  ] as const) {
    if (!isWanted(name)) continue;
    await open(hash, until);
    await save(page, name);
  }
  if (isWanted("learn")) {
    await open("#/learn", /^Start from$/);
    await page.getByRole("button", { name: "start" }).click();
    await page
      .getByText(/^[12][0-9]{2} steps/)
      .first()
      .waitFor({ timeout: 400_000 });
    await save(page, "learn");
  }
} finally {
  await context.close();
  studio.end();
  await rm(work, { recursive: true, force: true });
}
