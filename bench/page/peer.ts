/**
 * transformers.js on the work `tokens`, in a page of the same browser: the twin's text decoder, exported by export.py.
 *
 * FOVEA_TRANSFORMERS_JS names a folder in which `npm install @huggingface/transformers@4.3.2` was run, FOVEA_PYTHON a Python with
 * torch, safetensors and onnx.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { openPage } from "../../tests/browser/harness.ts";
import { processorTime, root } from "./in-page.ts";
import type { WorkTimes } from "./node.ts";
import type { PeerPage } from "./peer-page.ts";
import { newTokens, promptIds } from "./works.ts";

export interface Peer {
  /** The folder that its pages are served from. */
  readonly folder: string;
  /** Of the ONNX Runtime that it brings. */
  readonly ortVersion: string;
  readonly ortFiles: string;
  close(): Promise<void>;
}

export interface PeerTimes extends WorkTimes {
  readonly tokens: readonly number[];
  readonly version: string;
}

/** The peer, ready to be opened; a line that says what to install where it is missing. */
export async function openPeer(): Promise<Peer | string> {
  const installed = process.env.FOVEA_TRANSFORMERS_JS ?? "";
  if (!existsSync(join(installed, "node_modules/@huggingface/transformers")))
    return "transformers.js: run `npm install @huggingface/transformers@4.3.2` in an empty folder, FOVEA_TRANSFORMERS_JS names it";
  const python = process.env.FOVEA_PYTHON ?? "python3";
  if (!canExport(python))
    return "transformers.js: FOVEA_PYTHON must name a Python with torch, safetensors and onnx";
  const folder = await mkdtemp(join(tmpdir(), "fovea-peer-"));
  const script = fileURLToPath(new URL("export.py", import.meta.url));
  const target = join(folder, "models/twin");
  execFileSync(python, [script, join(root, "checkpoints/full"), target], { stdio: "ignore" });
  await build({
    stdin: { contents: 'export * from "@huggingface/transformers";', resolveDir: installed },
    outfile: join(folder, "peer/transformers.js"),
    ...{ bundle: true, format: "esm", platform: "browser", logLevel: "error" },
  });
  const ort = join(installed, "node_modules/onnxruntime-web");
  const { version } = JSON.parse(readFileSync(join(ort, "package.json"), "utf8")) as { version: string };
  const close = () => rm(folder, { recursive: true, force: true });
  return { folder, ortVersion: version, ortFiles: join(ort, "dist"), close };
}

function canExport(python: string): boolean {
  try {
    execFileSync(python, ["-c", "import torch, safetensors, onnx"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

interface Page {
  readonly peerPage: PeerPage;
}

export async function peerInPage(peer: Peer, threads: number, times: number): Promise<PeerTimes> {
  const folders = {
    peer: join(peer.folder, "peer"),
    models: join(peer.folder, "models"),
    "peer-ort": peer.ortFiles,
  };
  const opened = await openPage({ entry: join(root, "bench/page/peer-page.ts"), folders });
  const { page, close } = opened;
  try {
    const job = { threads, ids: promptIds(), newTokens };
    const begun = performance.now();
    const version = await page.evaluate((given) => (globalThis as never as Page).peerPage.open(given), job);
    await page.evaluate(() => (globalThis as never as Page).peerPage.run(1));
    const first = performance.now() - begun;
    await page.evaluate(() => (globalThis as never as Page).peerPage.run(75, 2.5));
    const before = await processorTime(opened);
    const ms = await page.evaluate((count) => (globalThis as never as Page).peerPage.run(count), times);
    const cpu = ((await processorTime(opened)) - before) / times;
    const tokens = await page.evaluate(() => (globalThis as never as Page).peerPage.tokens());
    return { first, ms, cpu, tokens, version };
  } finally {
    await close();
  }
}
