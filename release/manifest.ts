/**
 * The package.json of the package `fovea`, made of the project's own: what is only for those who change Fovea is left out,
 * sub-paths lead to what was built, and what an install may lack is optional.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { optionalPackages } from "../src/common/optional.ts";
import { root } from "./lock.ts";

const names = z.record(z.string(), z.string());

const project = z.object({
  name: z.string(),
  version: z.string(),
  description: z.string(),
  keywords: z.array(z.string()),
  license: z.string(),
  type: z.literal("module"),
  engines: names,
  imports: z.record(z.string(), names),
  exports: names,
  dependencies: names,
  devDependencies: names,
});

export type Project = z.infer<typeof project>;

export function readProject(): Project {
  return project.parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
}

/** The fields in the order in which they are written. */
export function publishedManifest(from: Project): Record<string, unknown> {
  const { name, version, description, keywords, license, type, engines } = from;
  const asked = versionsOf(from, (one) => !one.byDefault);
  const optional = versionsOf(from, (one) => one.byDefault);
  const always = Object.entries(from.dependencies).filter(
    ([one, range]) => !range.startsWith("file:") && !(one in asked) && !(one in optional),
  );
  return {
    name,
    version,
    description,
    keywords,
    license,
    type,
    engines,
    bin: { fovea: "bin/fovea.cjs" },
    files: ["bin", "lib", "CHANGELOG.md"],
    sideEffects,
    imports: mapValues(from.imports, (conditions) => mapValues(conditions, builtPath)),
    exports: { ...mapValues(from.exports, exported), ...bundles },
    dependencies: Object.fromEntries(always.map(([one, range]) => [one, rangeOf(one, range)])),
    optionalDependencies: optional,
    peerDependencies: asked,
    peerDependenciesMeta: mapValues(asked, () => ({ optional: true })),
  };
}

/** What a page without a bundler loads, made by the build. */
const bundles = {
  "./elements/fovea-elements.js": {
    types: "./lib/elements/index.d.ts",
    default: "./lib/elements/built/fovea-elements.js",
  },
};

/** Files that do something by being loaded: bundlers leave others out where nothing of them is used. */
export const sideEffects = [
  "./lib/engine/float16.js",
  "./lib/cli/main.js",
  "./lib/**/*worker.js",
  "./lib/**/*-thread.js",
  "./lib/elements/*.js", // Each defines its element.
  "./lib/elements/built/*",
  "./lib/studio/built/**",
  "./lib/studio/page/**/*.js",
];

/** Of packages of {@link optionalPackages}, the ranges that the package of Fovea asks for. */
function versionsOf(
  { version, dependencies, devDependencies }: Project,
  isMeant: (one: (typeof optionalPackages)[number]) => boolean,
): Record<string, string> {
  const known: Record<string, string | undefined> = {
    ...devDependencies,
    ...dependencies,
    "fovea-twins": version,
  };
  const all = optionalPackages.filter(isMeant).flatMap(({ packages }) => Object.keys(packages));
  return Object.fromEntries(
    all.sort().map((name) => {
      const range = known[name];
      if (range === undefined) throw new Error(`${name} of src/common/optional.ts is not in package.json`);
      return [name, rangeOf(name, range)];
    }),
  );
}

/** The engine knows these from inside: another version may compute something else, or nothing. */
const exact = ["@jax-js/jax", "onnxruntime-node", "onnxruntime-web"];

/** Mended versions of the others may come without a release of Fovea, and be shared with the program that uses it. */
function rangeOf(name: string, version: string): string {
  return exact.includes(name) ? version : `^${version}`;
}

/** `./src/losses/index.ts`: the file that was built of it, and its types. */
function exported(source: string): string | Record<string, string> {
  if (!source.endsWith(".ts")) return source;
  const path = builtPath(source);
  return { types: path.replace(/\.js$/, ".d.ts"), default: path };
}

const builtPath = (source: string) => source.replace(/^\.\/src\//, "./lib/").replace(/\.ts$/, ".js");

function mapValues<A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));
}
