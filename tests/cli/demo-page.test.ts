import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writePng } from "../../src/hub/image/image-file.ts";

// Debian's names for the browser; a machine without it leaves these tests out.
const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));
const main = join(import.meta.dirname, "../../src/cli/main.ts");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-page-"));
  const data = Uint8Array.from({ length: 96 * 96 * 3 }, (_, i) => (i * 37) % 256);
  await writePng(join(folder, "picture.png"), { width: 96, height: 96, data });
  const args = [main, "demo", join(folder, "picture.png"), "--concept", "cat", "--out", join(folder, "out")];
  await promisify(execFile)(process.execPath, args);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.skipIf(executablePath === undefined)(
  "the demo's page shows its pictures alone, at any width",
  async () => {
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
    try {
      const page = await browser.newPage();
      const mistakes: string[] = [];
      const requests: string[] = [];
      page.on("console", (message) => message.type() === "error" && mistakes.push(message.text()));
      page.on("pageerror", (error) => mistakes.push(error.message));
      page.on("request", (request) => /^(file|data):/.test(request.url()) || requests.push(request.url()));
      for (const width of [1280, 420]) {
        await page.setViewportSize({ width, height: 900 });
        await page.goto(`file://${join(folder, "out/index.html")}`);
        const seen = await page.evaluate(() => ({
          widths: [...document.images].map((image) => image.naturalWidth),
          overflow: document.documentElement.scrollWidth - window.innerWidth,
          text: document.body.textContent,
        }));
        expect(seen.widths.length).toBeGreaterThan(10);
        expect(Math.min(...seen.widths)).toBeGreaterThan(0);
        expect(seen.overflow).toBeLessThanOrEqual(0);
        expect(seen.text).toContain("is there a cat ?");
      }
      expect({ mistakes, requests }).toEqual({ mistakes: [], requests: [] });
    } finally {
      await browser.close();
    }
  },
);
