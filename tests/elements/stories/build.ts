/**
 * Builds the page of stories, which any static server shows:
 *
 *     node tests/elements/stories/build.ts out/stories
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Elements of Fovea</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="stories.css">
<body>
<h1 hidden>Elements</h1>
<script type="module" src="stories.js"></script>
`;

export async function buildStories(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: [join(import.meta.dirname, "stories.ts"), join(import.meta.dirname, "stories.css")],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    conditions: ["browser"],
    target: "es2024",
    loader: { ".woff2": "file", ".woff": "empty" },
    logLevel: "error",
  });
  await writeFile(join(folder, "index.html"), page);
}

if (process.argv[1] === import.meta.filename) await buildStories(process.argv[2] ?? "out/stories");
