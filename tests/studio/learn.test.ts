/** Training in the page, in Chromium: the same steps as Node's, maps that change, stop, go on, a folder that opens in Node. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCutOuts } from "../../src/data/assets/load.ts";
import { lensMaps } from "../../src/lens/logit-lens.ts";
import type { FromTrainer, Moment, StepLosses, Watched } from "../../src/studio/learn/messages.ts";
import { defaultRecipe, type Recipe, recipeKeys } from "../../src/studio/learn/recipe.ts";
import { openSession } from "../../src/studio/learn/session.ts";
import { createRunsApp } from "../../src/studio/server/runs.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { openStudioPage, type StudioPage } from "./harness.ts";

const root = join(import.meta.dirname, "../..");
const twin = join(root, "checkpoints/ntp");
const work = join(tmpdir(), `fovea-learn-${process.pid}`);

const small: Recipe = {
  ...defaultRecipe,
  losses: { ntp: { on: true, weight: 1 }, lll: { on: true, weight: 1 }, klal: { on: true, weight: 1 } },
  batch: 2,
  things: 4,
};

let studio: StudioPage;
beforeAll(async () => {
  await mkdir(work, { recursive: true });
  const run = join(work, "runs", "first");
  await mkdir(run, { recursive: true });
  await writeFile(join(run, "config.yaml"), "train: { steps: 3 }\n");
  await writeFile(join(run, "metrics.jsonl"), [1, 2].map(stepLine).join(""));
  const runs = createRunsApp({ folder: dirname(run) });
  studio = await openStudioPage({
    beside: { parts: { runs }, setup: { runs: ["runs"] } },
    acceptDownloads: true,
  });
});
afterAll(async () => {
  await studio.close();
  await rm(work, { recursive: true, force: true });
});

function stepLine(step: number): string {
  const rest = { gradientNorm: 1, learningRate: 1, tokensPerSecond: 1, secondsPerStep: 1, dataShare: 0 };
  return `${JSON.stringify({ kind: "step", step, loss: 1 / step, parts: { ntp: 1 / step }, ...rest })}\n`;
}

/** The losses of the first steps as the built worker makes them in a page. */
function inPage(recipe: Recipe, steps: number): Promise<StepLosses[]> {
  return studio.page.evaluate(
    ([given, count]) => {
      const beside = (path: string) => new URL(path, document.baseURI).href;
      const worker = new Worker(beside("trainer.js"), { type: "module" });
      const addresses = {
        folder: beside("models/ntp/"),
        cutOuts: beside("cutouts/coarse.bin"),
        assets: beside("ort/"),
      };
      return new Promise<StepLosses[]>((resolve, reject) => {
        const said: StepLosses[] = [];
        worker.onmessage = ({ data }: MessageEvent<FromTrainer>) => {
          if ("failed" in data) reject(new Error(data.failed.message));
          if (!("losses" in data)) return;
          said.push(data.losses);
          if (said.length < count) return;
          worker.terminate();
          resolve(said);
        };
        worker.postMessage({ start: { recipe: given, ...addresses, threads: 2 } });
      });
    },
    [recipe, steps] as const,
  );
}

async function inNode(recipe: Recipe, steps: number): Promise<StepLosses[]> {
  const said: StepLosses[] = [];
  const session = await openSession({
    recipe,
    model: await openVlm(twin),
    cutOuts: await loadCutOuts({ names: 64 }),
    machine: { threads: 1 },
    say(message) {
      if (!("losses" in message)) return;
      said.push(message.losses);
      if (said.length === steps) session.pause();
    },
  });
  await session.run();
  await session.close();
  return said;
}

describe("a step in the page", () => {
  it("has the losses of Node's, with all three", async () => {
    const [got, want] = [await inPage(small, 3), await inNode(small, 3)];
    expect(want.length).toBe(3);
    for (const [i, { loss, parts }] of want.entries()) {
      expect(Object.keys(parts)).toEqual(expect.arrayContaining(["ntp", "lll", "klal"]));
      expect(Math.abs(got[i].loss - loss)).toBeLessThan(1e-3 * Math.max(1, loss));
      for (const [name, value] of Object.entries(parts))
        expect(Math.abs(got[i].parts[name] - value)).toBeLessThan(1e-3 * Math.max(1, value));
    }
  }, 300_000);
});

describe("the room", () => {
  const keys = Object.entries(recipeKeys({ ...small, start: "nothing", learningRate: 3e-3 }));
  const query = new URLSearchParams(
    keys.filter((entry): entry is [string, string] => entry[1] !== undefined),
  );

  it("trains until it is stopped: the loss falls, maps change; goes on; gives a folder that opens in Node", async () => {
    const { page } = studio;
    await page.goto(`${studio.address}#/learn?${query}`);
    await page.getByRole("button", { name: "start", exact: true }).click();
    const steps = page.getByText(/^(\d+) steps, /);
    await page.waitForFunction(
      () => {
        const room = document.querySelector("studio-shell")?.shadowRoot?.querySelector("studio-learn");
        const text = room?.shadowRoot?.querySelector("learn-here")?.shadowRoot?.querySelector(".state");
        return Number(/^([\d,]+) steps/.exec(text?.textContent ?? "")?.[1]) >= 12;
      },
      undefined,
      { timeout: 500_000 },
    );
    await page.getByRole("link", { name: "Look" }).click();
    await page.getByRole("link", { name: "Learn" }).click();
    await page.getByRole("button", { name: "stop", exact: true }).click();
    await page.getByRole("button", { name: "go on" }).waitFor({ timeout: 120_000 });
    expect(await steps.count()).toBeGreaterThan(0);
    const { losses, moments, watched } = await stateOf();
    expect(losses.at(-1)!.loss).toBeLessThan(losses[0].loss);
    const [first, last] = [moments[0], moments.at(-1) as Moment];
    expect(last.step).toBe(losses.at(-1)!.step);
    expect(first.maps[0].lens).not.toEqual(last.maps[0].lens);

    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "save (.zip)" }).click();
    const archive = await download;
    expect(archive.suggestedFilename()).toBe(`ntp-lll-klal-from-nothing-${last.step}-steps.zip`);
    const folder = await unpacked(await archive.path());
    const model = await openVlm(folder);
    for (const [i, { image, word }] of watched.entries()) {
      const picture = { ...image, data: Uint8Array.from(Object.values(image.data)) };
      const { layers } = await lensMaps(model, picture, [word]);
      const wanted = Object.values(last.maps[i].lens);
      for (const [n, value] of layers.at(-1)!.maps[0].entries())
        expect(Math.abs(value - wanted[n])).toBeLessThan(1e-3);
    }
    await page.getByRole("button", { name: "go on" }).click();
    await page.getByRole("button", { name: "stop", exact: true }).click();
    await page.getByRole("button", { name: "to Play" }).click({ timeout: 120_000 });
    await page.locator("studio-play").waitFor();
    await page.waitForFunction(
      () => {
        const shell = document.querySelector("studio-shell") as unknown as {
          studio: { slots: { letter: string; model?: unknown; failed?: string }[] };
        };
        return shell.studio.slots.some(({ letter, model }) => letter === "c" && model !== undefined);
      },
      undefined,
      { timeout: 120_000 },
    );
    expect(studio.errors).toEqual([]);
  }, 600_000);

  it("follows the runs of its server: what comes is shown without a reload", async () => {
    const { page } = studio;
    await page.goto(`${studio.address}#/learn?part=runs`);
    const row = page.getByRole("row", { name: /first/ });
    await expect.poll(() => row.textContent(), { timeout: 20_000 }).toContain("2 of 3");
    await writeFile(join(work, "runs", "first", "metrics.jsonl"), [1, 2, 3].map(stepLine).join(""));
    await expect.poll(() => row.textContent(), { timeout: 20_000 }).toContain("3 of 3");
    expect(studio.errors).toEqual([]);
  }, 120_000);
});

/** What the page keeps of its training. */
function stateOf(): Promise<{ losses: StepLosses[]; moments: Moment[]; watched: Watched[] }> {
  return studio.page.evaluate(() => {
    const room = document.querySelector("studio-shell")?.shadowRoot?.querySelector("studio-learn");
    const here = room?.shadowRoot?.querySelector("learn-here") as unknown as {
      trainings: { all: { losses: StepLosses[]; moments: Moment[]; watched: Watched[] }[] };
    };
    return here.trainings.all[0];
  });
}

/** The one folder of an archive, on disk. */
async function unpacked(path: string): Promise<string> {
  const entries = Object.entries(unzipSync(new Uint8Array(await readFile(path))));
  for (const [name, bytes] of entries) {
    await mkdir(dirname(join(work, name)), { recursive: true });
    await writeFile(join(work, name), bytes);
  }
  return join(work, entries[0][0].split("/")[0]);
}
