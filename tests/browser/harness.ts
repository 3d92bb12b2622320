/**
 * A page in headless Chromium, bundled from the sources as they are under the condition `browser` and served from this
 * machine, isolated (COOP and COEP), so that WebAssembly has threads. WebGPU is Chromium's software adapter.
 */
import { existsSync } from "node:fs";
import { mkdtemp, open, rm, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { build } from "esbuild";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { pathInside } from "../../src/common/inside.ts";

export interface PageOptions {
  /** The module that the page loads; what it puts on `globalThis`, `page.evaluate` finds. */
  readonly entry: string;
  /** Further folders, by the first part of their addresses: `{ checkpoints: "/home/..." }`. */
  readonly folders?: Readonly<Record<string, string>>;
}

export interface OpenedPage {
  readonly page: Page;
  /** Where the page's folders lie: `http://127.0.0.1:1234/`. The files of ONNX Runtime are in `ort/`. */
  readonly address: string;
  /** What was thrown, or logged as an error, in the page. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

/** Bundles `entry`, serves it, and opens the page; it is ready once the module has run. */
export async function openPage({ entry, folders = {} }: PageOptions): Promise<OpenedPage> {
  const work = await mkdtemp(join(tmpdir(), "fovea-page-"));
  await bundle(entry, work);
  const opened = await openSite({ folders: { page: work, ort: runtimeFiles, ...folders } });
  return { ...opened, close: () => opened.close().then(() => rm(work, { recursive: true, force: true })) };
}

export interface SiteOptions {
  /** By the first part of their addresses. */
  readonly folders: Readonly<Record<string, string>>;
  /** What the page opens first: `app/index.html?name=value`; default: a page that loads `page/main.js`. */
  readonly path?: string;
  /** Whether the server isolates the page (COOP and COEP); default true. */
  readonly isolated?: boolean;
}

/** Serves folders as they are and opens one of their pages, which is ready once its body has `data-ready`. */
export async function openSite({ folders, path = "", isolated = true }: SiteOptions): Promise<OpenedPage> {
  const profile = await mkdtemp(join(tmpdir(), "fovea-profile-"));
  const server = createServer((request, response) => void answer(folders, isolated, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const context = await launch(profile);
  const close = () => closeAll(context, server, profile);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.stack ?? error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  await page.goto(address + path);
  await page
    .waitForFunction(() => "ready" in document.body.dataset, undefined, { timeout: 60_000 })
    .catch(async (cause) => {
      await close();
      throw new Error(`${path} is not ready: ${errors.join("; ")}`, { cause });
    });
  return { page, address, errors, close };
}

async function closeAll(context: BrowserContext, server: Server, work: string): Promise<void> {
  await context.close();
  server.closeAllConnections();
  server.close();
  await rm(work, { recursive: true, force: true });
}

/** ES modules in `folder`, `main.js` first; what is loaded on demand stays in files of its own. */
async function bundle(entry: string, folder: string): Promise<void> {
  await build({
    entryPoints: { main: entry },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    conditions: ["browser"],
    target: "es2024",
    sourcemap: "inline",
    logLevel: "error",
  });
}

/** Files of ONNX Runtime for pages. */
export const runtimeFiles = dirname(
  createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"),
);

/** Debian's names for the browser. */
const executables = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];
const softwareGpu = "/usr/lib/chromium";

/** Options of a browser's context, beside what all pages of the tests get. */
export type ContextOptions = Omit<
  NonNullable<Parameters<typeof chromium.launchPersistentContext>[1]>,
  "executablePath" | "headless" | "env"
>;

/** Headless Chromium with a software adapter for WebGPU; `profile` is a new folder. */
export function launch(
  profile: string,
  { args = [], ...options }: ContextOptions = {},
): Promise<BrowserContext> {
  const executablePath = executables.find((path) => existsSync(path));
  if (executablePath === undefined)
    throw new Error(`tests/browser: needs Chromium as ${executables.join(" or ")}`);
  const drivers = join(softwareGpu, "vk_swiftshader_icd.json");
  const gpu = existsSync(drivers) ? { LD_LIBRARY_PATH: softwareGpu, VK_DRIVER_FILES: drivers } : {};
  return chromium.launchPersistentContext(profile, {
    ...options,
    executablePath,
    headless: true,
    env: { ...process.env, ...gpu } as Record<string, string>,
    args: [
      "--no-sandbox",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--enable-unsafe-webgpu",
      "--use-webgpu-adapter=swiftshader",
      "--enable-features=Vulkan",
      ...args,
    ],
  });
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".png": "image/png",
  ".wasm": "application/wasm",
};

const shell = `<!doctype html><meta charset="utf-8"><title>Fovea</title><body><script type="module">
await import("/page/main.js"); document.body.dataset.ready = "";</script>`;

/** A plain static server with ranges. */
async function answer(
  served: Readonly<Record<string, string>>,
  isolated: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (isolated) {
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
  }
  const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
  if (path === "/") {
    response.setHeader("Content-Type", "text/html").end(shell);
    return;
  }
  const [, first, ...rest] = path.split("/");
  const file = Object.hasOwn(served, first) ? await fileAt(served[first], rest.join("/")) : undefined;
  if (file === undefined) response.writeHead(404).end();
  else await send(file, request, response);
}

async function fileAt(folder: string, path: string): Promise<{ path: string; size: number } | undefined> {
  try {
    const found = await pathInside(folder, path, "page");
    const { size } = await stat(found);
    return { path: found, size };
  } catch {
    return undefined;
  }
}

async function send(
  { path, size }: { readonly path: string; readonly size: number },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = asked ? Number(asked[1]) : 0;
  const end = asked?.[2] ? Math.min(Number(asked[2]), size - 1) : size - 1;
  response.setHeader("Accept-Ranges", "bytes");
  response.setHeader("Content-Type", types[extname(path)] ?? "application/octet-stream");
  response.setHeader("Content-Length", end - start + 1);
  if (asked) response.setHeader("Content-Range", `bytes ${start}-${end}/${size}`);
  response.writeHead(asked ? 206 : 200);
  if (request.method === "HEAD" || size === 0) response.end();
  else (await open(path)).createReadStream({ start, end }).pipe(response);
}
