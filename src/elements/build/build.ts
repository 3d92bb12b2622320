/**
 * Bundles of the elements, made by esbuild from the sources:
 *
 *     buildElements("dist/elements")    fovea-elements.js for any page, fovea-plot.js that it loads with its first curve,
 *                                       notebook.js for notebooks, report.js for HTML reports, tokens.css
 */
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BuildOptions, Plugin } from "esbuild";

const room = join(import.meta.dirname, "..");

/** Writes them; gives what they are made of, by paths from the working folder, for their licences. */
export async function buildElements(folder: string): Promise<string[]> {
  const { build } = await import("esbuild");
  const inputs = new Set<string>();
  const make = async (name: string, entry: string, plugins: Plugin[]) => {
    const outfile = join(folder, name);
    const entryPoints = [join(room, entry)];
    const { metafile } = await build({ ...shared, metafile: true, entryPoints, outfile, plugins });
    for (const input of Object.keys(metafile.inputs)) inputs.add(input);
  };
  await make("fovea-elements.js", "bundles/any-page.ts", [ownTokens, plotBeside]);
  await make("fovea-plot.js", "curves/plot.ts", []);
  await make("notebook.js", "bundles/notebook.ts", [ownTokens]);
  await make("report.js", "bundles/report.ts", []);
  await cp(join(room, "tokens.css"), join(folder, "tokens.css"));
  return [...inputs];
}

/** Writes the script of notebook widgets alone. */
export async function buildNotebookScript(outfile: string): Promise<void> {
  const { build } = await import("esbuild");
  await build({ ...shared, entryPoints: [join(room, "bundles/notebook.ts")], outfile, plugins: [ownTokens] });
}

/** The script of HTML reports, as text. */
export async function bundleReport(): Promise<string> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    ...shared,
    entryPoints: [join(room, "bundles/report.ts")],
    write: false,
  });
  return outputFiles[0].text;
}

const shared = {
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  conditions: ["browser"],
  target: "es2024",
  legalComments: "none",
  logLevel: "error",
} as const satisfies BuildOptions;

/** Elements of a page that is not ours bring tokens.css along, each for itself. */
const ownTokens: Plugin = {
  name: "own-tokens",
  setup(build) {
    build.onLoad({ filter: /elements\/element-tokens\.ts$/ }, async () => {
      const sheet = await readFile(join(room, "tokens.css"), "utf8");
      const contents = `import { css } from "lit"; export const tokens = css\`${hostTokens(sheet)}\`;`;
      return { contents, loader: "ts", resolveDir: room };
    });
  },
};

/** What draws curves is as large as all the rest: a file of its own, loaded with the first curve. */
const plotBeside: Plugin = {
  name: "plot-beside",
  setup(build) {
    build.onResolve({ filter: /curves\/plot\.ts$/ }, () => ({ path: "./fovea-plot.js", external: true }));
  },
};

/** The tokens as rules of an element itself. Light or dark is the page's: `color-scheme` is left out. */
function hostTokens(sheet: string): string {
  const rule = /:root \{([^}]*)\}/.exec(sheet);
  if (rule === null) throw new Error("tokens.css has no rule for :root");
  const own = rule[1].replaceAll(/\/\*.*?\*\//gs, "").replaceAll(/color-scheme:[^;]*;/g, "");
  return `:host {${own.replaceAll(/\s+/g, " ")}}`;
}
