/** What a page would load: the modules that an entry reaches, and what of Node stands in their way. */
import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { build, type Metafile, type Plugin, transform } from "esbuild";

/** A module that no page can run, and the imports that lead to it. */
export interface Obstacle {
  /** Path from the root of the project. */
  readonly module: string;
  /** Modules of Node, packages with native parts, globals that only Node has. */
  readonly needs: readonly string[];
  /** Importers, from the nearest to the entry. */
  readonly chain: readonly string[];
}

const nativePackages = /^(onnxruntime-node|sharp|@napi-rs\/canvas)$/;

const forNode = (path: string) => isBuiltin(path) || nativePackages.test(path);

/** Left alone by the bundler, but listed. */
const leaveNode: Plugin = {
  name: "leave Node",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^[^./#]/ }, ({ path }) => (forNode(path) ? { path, external: true } : undefined));
  },
};

/** All modules that `entry` reaches under the conditions of a browser. */
export async function closureOf(entry: string): Promise<Metafile["inputs"]> {
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    treeShaking: false,
    logLevel: "silent",
    plugins: [leaveNode],
  });
  return metafile.inputs;
}

/** Modules of the project that need Node, sorted. */
export async function obstacles(entry: string): Promise<Obstacle[]> {
  const inputs = await closureOf(entry);
  const importers = importersFrom(entry, inputs);
  const own = Object.keys(inputs).filter((module) => !module.includes("node_modules/"));
  const found = await Promise.all(
    own.map(async (module) => {
      const imported = inputs[module].imports.map(({ path }) => path).filter(forNode);
      const needs = [...imported, ...(await nodeGlobals(module))];
      return { module, needs, chain: chainOf(module, importers) };
    }),
  );
  return found.filter(({ needs }) => needs.length > 0).sort((a, b) => (a.module < b.module ? -1 : 1));
}

/** Globals of Node that a module's code names; types and comments are none. */
async function nodeGlobals(module: string): Promise<string[]> {
  if (!/\.[cm]?[jt]s$/.test(module)) return [];
  const { code } = await transform(await readFile(module, "utf8"), { loader: "ts", minifyWhitespace: true });
  return [...new Set(code.match(/(?<![.\w$"'])(Buffer|process|__dirname|require|setImmediate)(?=[.([])/g))];
}

/** For each module the one that imports it nearest to the entry. */
function importersFrom(entry: string, inputs: Metafile["inputs"]): ReadonlyMap<string, string> {
  const importers = new Map<string, string>();
  const queue = [entry];
  for (const module of queue)
    for (const { path } of inputs[module]?.imports ?? []) {
      if (path === entry || importers.has(path)) continue;
      importers.set(path, module);
      queue.push(path);
    }
  return importers;
}

function chainOf(module: string, importers: ReadonlyMap<string, string>): string[] {
  const next = importers.get(module);
  return next === undefined ? [] : [next, ...chainOf(next, importers)];
}
