/**
 * Studio in headless Chromium, as people open it: behind its server, or as a static site on a plain server that isolates
 * the page or does not.
 *
 *     const studio = await openStudioPage({ static: true, viewport: { width: 400, height: 800 } });
 *     await studio.page.getByRole("button", { name: "new scene" }).click();
 *     await studio.close();
 */
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import type { Page } from "playwright-core";
import type { Setup } from "../../src/studio/page/studio.ts";
import type { StudioAppOptions } from "../../src/studio/server/app.ts";
import { otherSetup, pageModels, twinSetup } from "../../src/studio/server/setup.ts";
import { startStudio } from "../../src/studio/server/start.ts";
import { buildSite } from "../../src/studio/site/build.ts";
import { siteFolder } from "../../src/studio/site/site.ts";
import { type ContextOptions, launch } from "../browser/harness.ts";

export interface StudioPageOptions extends ContextOptions {
  /** A static site, without a server of Studio; default false. */
  readonly static?: boolean;
  /** Whether a static site is isolated (COOP and COEP), so that WebAssembly has threads; default true. */
  readonly isolated?: boolean;
  /** The path below which a static site lies: `some/where/`; default the server's own. */
  readonly below?: string;
  /** What Studio's server has besides the page. */
  readonly beside?: StudioParts;
  /** What the page opens: `#/look?layer=3`. */
  readonly path?: string;
}

export interface StudioPage {
  readonly page: Page;
  readonly address: string;
  /** What was thrown, or logged as an error, in the page. */
  readonly errors: readonly string[];
  /** Ends the server, so that the page is alone. */
  cutOff(): Promise<void>;
  close(): Promise<void>;
}

export async function openStudioPage(options: StudioPageOptions = {}): Promise<StudioPage> {
  const {
    static: isStatic = false,
    isolated = true,
    path = "",
    below = "",
    beside = {},
    ...context
  } = options;
  const work = await mkdtemp(join(tmpdir(), "fovea-studio-"));
  const served = isStatic ? await serveSite(join(work, "site"), isolated, below) : await serveStudio(beside);
  const browser = await launch(join(work, "profile"), context);
  const page = browser.pages()[0] ?? (await browser.newPage());
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.stack ?? error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  const close = async () => {
    await browser.close();
    await served.close();
    await rm(work, { recursive: true, force: true });
  };
  await page.goto(served.url + path);
  await page
    .waitForFunction(() => "ready" in document.body.dataset)
    .catch(async (cause) => {
      await close();
      throw new Error(`Studio is not ready: ${errors.join("; ")}`, { cause });
    });
  return { page, address: served.url, errors, cutOff: served.close, close };
}

/** What runs beside the page: models, data, runs as the command gives them. */
export type StudioParts = Pick<StudioAppOptions, "parts" | "token"> & { readonly setup?: Partial<Setup> };

async function setupOf(server: boolean, more: Partial<Setup> = {}): Promise<Setup> {
  return { server, assets: "ort/", models: await twinSetup(), others: await otherSetup(), ...more };
}

async function serveStudio({ setup, parts = {}, token }: StudioParts) {
  const options = { host: "127.0.0.1", port: 0, models: pageModels(), parts, ...(token && { token }) };
  return startStudio({ ...options, site: await siteFolder(), setup: await setupOf(true, setup) });
}

async function serveSite(site: string, isolated: boolean, below: string) {
  const home = join(site, below);
  await buildSite(home, await setupOf(false));
  for (const [name, folder] of pageModels())
    await cp(folder, join(home, "models", name), { recursive: true });
  const server = createServer((request, response) => {
    if (isolated) {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    }
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const path = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
    readFile(join(site, path)).then(
      (bytes) =>
        response.setHeader("Content-Type", types[extname(path)] ?? "application/octet-stream").end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  const { url, close } = await listening(server);
  return { url: `${url}${below}`, close };
}

async function listening(server: Server) {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".png": "image/png",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
};
