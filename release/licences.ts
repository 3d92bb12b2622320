/**
 * The licences of all packages, as THIRD-PARTY-LICENSES.md lists them:
 *
 *     npm run licences            # writes the page anew, after the packages changed
 *
 * A licence is read from the package as it is installed; of packages for other platforms, from the lock file. A test holds
 * the page against both, so that no package and no licence changes unseen.
 */
import { join } from "node:path";
import { table } from "../experiments/pages.ts";
import { writeFileWhole } from "../src/common/files.ts";
import { type Locked, lockedPackages, type Manifest, readManifest, root, site } from "./lock.ts";

export const licencePage = join(root, "THIRD-PARTY-LICENSES.md");

/** Licences that ask for no more than their own text beside what is passed on. */
const permissive = [
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC0-1.0",
  "ISC",
  "MIT",
  "Python-2.0",
  "Unlicense",
];

/** Licences with terms of their own, each for the packages it was looked at for. */
const exceptions: readonly { licence: string; packages: readonly string[]; why: string }[] = [
  {
    licence: "LGPL-3.0-or-later",
    packages: ["@img/sharp-libvips-*", "@img/sharp-win32-*", "@img/sharp-wasm32"],
    why: "libvips, which sharp loads as a shared library from a package of its own: it is neither changed nor passed on here, and whoever wants to can put another build in its place",
  },
  {
    licence: "MPL-2.0",
    packages: ["lightningcss", "lightningcss-*", "axe-core"],
    why: "parts of the tests (lightningcss of their runner, axe-core looks at pages); no file of them is changed, and nothing that runs needs them",
  },
  {
    licence: "OFL-1.1",
    packages: ["@fontsource/inter", "@fontsource/jetbrains-mono"],
    why: "the typefaces Inter and JetBrains Mono of pictures and pages: what is drawn with them may be used in any way, and the fonts themselves are not sold",
  },
  {
    licence: "CC-BY-4.0",
    packages: ["@iconify-json/emojione", "@iconify-json/streamline-emojis", "@iconify-json/twemoji"],
    why: "drawings from which scenes are composed, by EmojiOne, Streamline, and Twitter and contributors: they are read from where they are installed, and no file of them is passed on",
  },
  {
    licence: "CC-BY-SA-4.0",
    packages: ["@iconify-json/openmoji"],
    why: "the same, by OpenMoji's authors",
  },
];

export interface Licensed {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** Who needs it: whoever runs Fovea, whoever changes it, or the documentation's site. */
  readonly need: "run" | "change" | "site";
  /** Where it is installed; everywhere where undefined. */
  readonly platform?: string;
}

/** Every package with its licence, by name; throws for one without a licence or with another than the lock file says. */
export function licensedPackages(): Licensed[] {
  const own = lockedPackages().map((one) => licensed(one, one.dev === true ? "change" : "run"));
  return [...own, ...lockedPackages(site).map((one) => licensed(one, "site"))].sort((a, b) =>
    a.name === b.name ? order(a.version, b.version) : order(a.name, b.name),
  );
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function licensed({ path, name, version, license, os }: Locked, need: Licensed["need"]): Licensed {
  const installed = readManifest(path);
  const licence = licenceOf(name, license, installed);
  const platform = os === undefined ? undefined : [os].flat().join(", ");
  return { name, version, licence, need, ...(platform && { platform }) };
}

function licenceOf(name: string, locked: string | undefined, installed: Manifest | undefined): string {
  if (locked === undefined) throw new Error(`${name} has no licence in package-lock.json`);
  if (installed !== undefined && installed.license !== locked)
    throw new Error(`${name}: its licence is ${installed.license}, in package-lock.json it is ${locked}`);
  return locked;
}

/** Packages whose licence is not allowed. */
export function refused(packages: readonly Licensed[]): Licensed[] {
  return packages.filter(({ name, licence }) => !allows(licence, (one) => isAllowed(one, name)));
}

function isAllowed(licence: string, name: string): boolean {
  const own = exceptions.some(
    (one) => one.licence === licence && one.packages.some((it) => matches(it, name)),
  );
  return own || permissive.includes(licence);
}

/** `pattern`: a name, or its beginning and `*`. */
function matches(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/**
 * Whether an SPDX expression can be kept: of `A OR B` one part, of `A AND B`, which binds more tightly, both. Anything
 * else, as `WITH` and `SEE LICENSE IN`, cannot.
 */
export function allows(expression: string, isOne: (licence: string) => boolean): boolean {
  const inner = /\(([^()]*)\)/.exec(expression);
  if (inner !== null) {
    const [part, content] = inner;
    const known = allows(content, isOne) ? "✓" : "✗";
    return allows(expression.replace(part, known), (one) => one === "✓" || isOne(one));
  }
  return expression
    .split(" OR ")
    .some((choice) => choice.split(" AND ").every((licence) => isOne(licence.trim())));
}

/** The page: what runs, what is needed to change it, and the licences that are allowed. */
export function licenceMarkdown(packages: readonly Licensed[]): string {
  const rows = (need: Licensed["need"]) =>
    packages
      .filter((one) => one.need === need)
      .map(({ name, version, licence, platform = "" }) => [name, version, licence, platform]);
  const head = ["package", "version", "licence", "only on"];
  const own = exceptions.map(
    ({ licence, packages: names, why }) => `- ${licence} for ${names.map(code).join(", ")}: ${why}.`,
  );
  return `# Licences of other people's work

Made by \`npm run licences\` of the packages that the lock files name; do not edit. npm installs
each from its registry, with its own licence file inside; the package \`fovea\` passes on only what its bundle for pages
holds, with the licences beside it (\`lib/web/fovea-web.licences.txt\`).

Allowed are ${permissive.join(", ")}; and

${own.join("\n")}

## What runs

${table(head, rows("run"))}

## What is needed to change and to test it

${table(head, rows("change"))}

## What builds the documentation's site

${table(head, rows("site"))}
`;
}

const code = (text: string) => `\`${text}\``;

if (process.argv[1] === import.meta.filename) {
  const packages = licensedPackages();
  const bad = refused(packages).map(({ name, licence }) => `${name}: ${licence}`);
  if (bad.length > 0) throw new Error(`these licences are not allowed:\n${bad.join("\n")}`);
  await writeFileWhole(licencePage, licenceMarkdown(packages));
}
