/**
 * What of a built page is loaded when, in bytes as gzip sends them:
 *
 *     npm run budget        # a table; ends with 1 where a part is above its budget
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

export interface Part {
  readonly name: string;
  readonly files: readonly string[];
  /** Of all its files, packed one by one by gzip. */
  readonly bytes: number;
  /** It must have fewer. */
  readonly budget: number;
}

/** What the first view takes: the page, its style and fonts, the first scripts and the room that opens. */
const firstView = 300 * 1024;

/** The worker that models run in, without ONNX Runtime; and ONNX Runtime for processors, with its script. */
const engine = 400 * 1024;
const runtime = 4 * 2 ** 20;

/** All other rooms together, charts among them. */
const otherRooms = 400 * 1024;

const compress = promisify(gzip);

export async function budgetOf(site: string): Promise<Part[]> {
  const first = await reached(site, ["main.js"], "static");
  const play = await roomOf(site, [...first], "studio-play");
  const opened = new Set([...first, ...(await reached(site, [play], "static"))]);
  const fonts = (await readdir(join(site, "fonts"))).map((name) => `fonts/${name}`);
  const own = ["index.html", "page.css", "studio.json", "cutouts/coarse.bin", ...fonts];
  const worker = await reached(site, ["worker.js"], "static");
  const all = await reached(site, ["main.js"], "any");
  const rooms = [...all].filter((path) => !opened.has(path) && !worker.has(path));
  const isOrt = (path: string) => /\/ort\./.test(path);
  return Promise.all([
    part(site, "first view", [...own, ...opened], firstView),
    part(site, "other rooms", rooms, otherRooms),
    part(
      site,
      "engine",
      [...worker].filter((path) => !isOrt(path)),
      engine,
    ),
    part(site, "ONNX Runtime", runtimeFiles, runtime),
  ]);
}

const runtimeFiles = ["ort/ort-wasm-simd-threaded.mjs", "ort/ort-wasm-simd-threaded.wasm"];

async function part(site: string, name: string, paths: readonly string[], budget: number): Promise<Part> {
  const files = [...new Set(paths)].sort();
  const sizes = files.map(async (path) => {
    const bytes = await readFile(join(site, path)).catch(() => undefined);
    return bytes === undefined ? 0 : (await compress(bytes, { level: 9 })).length;
  });
  const bytes = (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
  return { name, files, bytes, budget };
}

const imports = {
  static: /(?:import|export)\s*(?:[\w$*{}\s,]+from\s*)?"(\.[^"]+)"/g,
  any: /(?:import|export)\s*(?:\(|[\w$*{}\s,]+from\s*)?\s*"(\.[^"]+)"/g,
};

/** The scripts that some load, at once or whenever. */
async function reached(
  site: string,
  from: readonly string[],
  how: keyof typeof imports,
): Promise<ReadonlySet<string>> {
  const found = new Set(from);
  for (const path of found)
    for (const [, target] of (await readFile(join(site, path), "utf8")).matchAll(imports[how]))
      found.add(new URL(target, `file:///${path}`).pathname.slice(1));
  return found;
}

/** The script of a room, by the element that it defines. */
async function roomOf(site: string, first: readonly string[], element: string): Promise<string> {
  for (const path of await reached(site, first, "any")) {
    const text = await readFile(join(site, path), "utf8");
    if (new RegExp(`(define\\(|:)\\s*["\`']${element}["\`']`).test(text) && path.includes("room"))
      return path;
  }
  throw new Error(`no script defines <${element}>`);
}

/** A row for each part. */
export function budgetTable(parts: readonly Part[]): string {
  const kilobytes = (bytes: number) => (bytes / 1024).toFixed(0);
  const rows = parts.map(
    ({ name, files, bytes, budget }) =>
      `| ${name} | ${files.length} | ${kilobytes(bytes)} | ${kilobytes(budget)} |`,
  );
  return ["| part | files | KB, gzip | budget |", "| --- | --: | --: | --: |", ...rows].join("\n");
}

if (process.argv[1] === import.meta.filename) {
  const { siteFolder } = await import("../src/studio/site/site.ts");
  const parts = await budgetOf(await siteFolder());
  console.log(budgetTable(parts));
  process.exitCode = parts.some(({ bytes, budget }) => bytes >= budget) ? 1 : 0;
}
