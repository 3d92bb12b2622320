/**
 * `fovea/web` for pages without a bundler: one module with everything in it but ONNX Runtime's .wasm, which a page names as
 * `machine.assets`.
 *
 *     buildPageModule("dist/fovea/lib/web")    -> dist/fovea/lib/web/fovea-web.js
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./lock.ts";
import { noticesOf } from "./notices.ts";

export const pageModule = "fovea-web.js";

/** Writes the module into a folder, the licences of what is in it beside it; gives its path. */
export async function buildPageModule(folder: string): Promise<string> {
  const outfile = join(folder, pageModule);
  const { metafile } = await build({
    absWorkingDir: root,
    metafile: true,
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
  await writeFile(join(folder, "fovea-web.licences.txt"), await noticesOf(Object.keys(metafile.inputs)));
  return outfile;
}
