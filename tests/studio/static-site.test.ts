/** Studio as a folder for any static server, and what people read beside its models. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasBrowser } from "../../src/cli/open-page.ts";
import type { Setup } from "../../src/studio/page/studio.ts";
import { describeModel, describeTwin, shortCount } from "../../src/studio/server/describe.ts";
import { otherSetup, pageModels, twinSetup } from "../../src/studio/server/setup.ts";
import { headerPolicy, metaPolicy } from "../../src/studio/site/policy.ts";
import { siteFolder } from "../../src/studio/site/site.ts";
import { type SiteModel, writeStaticSite } from "../../src/studio/site/static-site.ts";
import { openStudioPage } from "./harness.ts";

const twin = join(import.meta.dirname, "../../checkpoints/full");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-static-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function written(name: string, models: readonly SiteModel[], replace = false): Promise<string> {
  const out = join(folder, name);
  const setup = { models: await twinSetup(), others: await otherSetup() };
  await writeStaticSite(out, { site: await siteFolder(), models, shipped: pageModels(), setup, replace });
  return out;
}

const model = (more: Partial<SiteModel>): SiteModel => {
  return { folder: twin, given: "my/model", title: "mine", note: "small", parameters: 1e6, ...more };
};

async function setupIn(site: string): Promise<Setup> {
  return JSON.parse(await readFile(join(site, "studio.json"), "utf8"));
}

describe("a static site", () => {
  it("has the twins, the page with its policy, and headers for hosts that read them", async () => {
    const site = await written("twins", []);
    const { server, models } = await setupIn(site);
    expect(server).toBe(false);
    expect(models.map(({ title, folder, runsIn }) => [title, folder, runsIn])).toEqual([
      ["NTP only", "models/ntp/", "page"],
      ["NTP + LLL + KLAL", "models/full/", "page"],
    ]);
    for (const { folder } of models) expect(existsSync(join(site, folder, "model.safetensors"))).toBe(true);
    expect(await readFile(join(site, "index.html"), "utf8")).toContain(metaPolicy);
    expect(await readFile(join(site, "_headers"), "utf8")).toContain(headerPolicy);
    await expect(written("twins", [])).rejects.toThrow("already exists and is not empty");
    await written("twins", [], true);
  });

  it("has models of the user's own first, their files and nothing that lies beside", async () => {
    const own = join(folder, "own");
    await mkdir(join(own, "checkpoint-1"), { recursive: true });
    await writeFile(join(own, ".secret"), "no");
    for (const name of await readdir(twin))
      await writeFile(join(own, name), await readFile(join(twin, name)));
    const site = await written("mine", [model({ folder: own })]);
    const { models, others } = await setupIn(site);
    expect(models).toEqual([{ title: "mine", note: "small", folder: "models/0/", runsIn: "page" }]);
    expect(others?.map(({ folder }) => folder)).toEqual(
      expect.arrayContaining(["models/ntp/", "models/full/"]),
    );
    expect((await readdir(join(site, "models/0"))).sort()).toEqual((await readdir(twin)).sort());
    await symlink("/etc/passwd", join(own, "more.json"));
    await expect(written("linked", [model({ folder: own })])).rejects.toThrow(/it is a link to/);
    expect(existsSync(join(folder, "linked"))).toBe(false);
  });

  it("takes no model that a page cannot hold, and says so before anything is written", async () => {
    await expect(written("large", [model({ parameters: 7.6e9 })])).rejects.toThrow(
      "studio: my/model must have at most 300 million parameters to run in a page, got 7600 million; " +
        "without --static the server runs it",
    );
    await expect(written("large", [model({ parameters: undefined })])).rejects.toThrow(
      "studio: my/model is an adapter; make one model of it first: fovea merge my/model",
    );
    expect(existsSync(join(folder, "large"))).toBe(false);
  });

  it("works below any path, and where the host isolates nothing", async () => {
    const studio = await openStudioPage({ static: true, isolated: false, below: "some/where/" });
    expect(studio.address).toMatch(/\/some\/where\/$/);
    await studio.page.waitForFunction(() => {
      const shell = document.querySelector("studio-shell") as Element & {
        readonly studio: { readonly slots: readonly { readonly model?: object; readonly failed?: string }[] };
      };
      const { slots } = shell.studio;
      const failed = slots.find((slot) => slot.failed !== undefined)?.failed;
      if (failed !== undefined) throw new Error(failed);
      return slots.filter((slot) => slot.model !== undefined).length === 2;
    });
    expect(await studio.page.evaluate(() => crossOriginIsolated)).toBe(false);
    expect(studio.errors).toEqual([]);
    await studio.close();
  });
});

describe("what people read beside a model", () => {
  it("is what its folder says: losses, steps, parameters", async () => {
    expect(await describeTwin(twin)).toEqual({
      title: "NTP + LLL + KLAL",
      note: "1.4 M parameters, 2,000 steps",
      parameters: 1_415_680,
    });
    expect(await describeModel(twin)).toMatchObject({
      title: "full",
      note: "1.4 M parameters, NTP + LLL + KLAL, 2,000 steps",
    });
    expect([999, 1_415_680, 256_484_928, 7.6e9].map(shortCount)).toEqual([
      "1.0 k",
      "1.4 M",
      "256 M",
      "7.6 B",
    ]);
    await expect(describeModel(folder)).rejects.toThrow("expected model.safetensors or its index");
  });
});

describe("a browser", () => {
  it("is opened where somebody sees it", () => {
    const seen = [
      [{}, "darwin"],
      [{}, "win32"],
      [{ DISPLAY: ":0" }, "linux"],
      [{ WAYLAND_DISPLAY: "wayland-0" }, "linux"],
      [{ WSL_DISTRO_NAME: "Debian" }, "linux"],
    ] as const;
    const unseen = [
      [{}, "linux"],
      [{ CI: "1", DISPLAY: ":0" }, "linux"],
      [{ SSH_CONNECTION: "1.2.3.4 5 6.7.8.9 22" }, "darwin"],
    ] as const;
    expect(seen.map(([env, platform]) => hasBrowser(env, platform))).toEqual(seen.map(() => true));
    expect(unseen.map(([env, platform]) => hasBrowser(env, platform))).toEqual(unseen.map(() => false));
  });
});
