/**
 * `fovea/web` for pages without a bundler: one module with everything in it but ONNX Runtime's .wasm, which a page names as
 * `machine.assets`.
 *
 *     buildPageModule("dist/fovea/lib/web")    -> dist/fovea/lib/web/fovea-web.js
 */
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./lock.ts";

export const pageModule = "fovea-web.js";

/** Writes the module into a folder; gives its path. */
export async function buildPageModule(folder: string): Promise<string> {
  const outfile = join(folder, pageModule);
  await build({
    entryPoints: [join(root, "src/web/index.ts")],
    outfile,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2024",
    legalComments: "eof",
    logLevel: "error",
  });
  return outfile;
}
