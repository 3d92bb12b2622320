import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  lockedFolders,
  lockedPackages,
  lockedProject,
  readManifest,
  root,
  site,
} from "../../release/lock.ts";

const packages = lockedPackages();
const project = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

test.each([
  ["", 300],
  [site, 150],
])(
  "every package in the lock file of %o has a hash, a version and a licence, and no address",
  (folder, least) => {
    const packages = lockedPackages(folder);
    expect(packages.length).toBeGreaterThan(least);
    const bytes = (integrity = "") =>
      Buffer.from(/^sha512-([\w+/]{86}==)$/.exec(integrity)?.[1] ?? "", "base64").length;
    expect(packages.filter(({ integrity }) => bytes(integrity) !== 64).map(({ name }) => name)).toEqual([]);
    expect(packages.filter(({ resolved }) => resolved !== undefined).map(({ name }) => name)).toEqual([]);
    expect(packages.filter(({ version }) => !/^\d+\.\d+\.\d+/.test(version)).map(({ name }) => name)).toEqual(
      [],
    );
    expect(packages.filter(({ license = "" }) => license === "").map(({ name }) => name)).toEqual([]);
    const text = readFileSync(join(root, folder, "package-lock.json"), "utf8");
    expect(text.match(/"(?!url")[^"]+": "(?:git|https?|ssh)[+:][^"]*"/g)).toBeNull();
  },
);

test("only the stand-in for a package is a folder of the project", () => {
  expect(lockedFolders()).toEqual([{ path: "node_modules/global-agent", folder: "packages/no-download" }]);
});

test("the lock file is that of package.json, with the very versions that it names", () => {
  const locked = lockedProject();
  for (const kind of ["dependencies", "devDependencies", "optionalDependencies"] as const) {
    expect(locked[kind]).toEqual(project[kind]);
    for (const [name, version] of Object.entries<string>(project[kind])) {
      if (version.startsWith("file:")) continue;
      const found = packages.find(({ path }) => path === `node_modules/${name}`);
      const [, realName = name, exact = version] = /^npm:(.+)@([^@]+)$/.exec(version) ?? [];
      expect([found?.name, found?.version]).toEqual([realName, exact]);
    }
  }
});

test.each(["", site])(
  "the packages of other platforms are in the lock file of %o: none is lost when one machine installs",
  (folder) => {
    const packages = lockedPackages(folder);
    const known = new Map(packages.map(({ name, version }) => [`${name}@${version}`, true]));
    const named = packages.flatMap(({ name, optionalDependencies = {} }) =>
      Object.entries(optionalDependencies)
        .filter(([, version]) => /^\d/.test(version))
        .map(([part, version]) => ({ name, part: `${part}@${version}` })),
    );
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter(({ part }) => !known.has(part))).toEqual([]);
  },
);

test("no install script runs, and every package that has one is named", () => {
  for (const folder of ["", site]) {
    const settings = readFileSync(join(root, folder, ".npmrc"), "utf8")
      .trim()
      .split("\n");
    expect(settings).toContain("ignore-scripts=true");
    expect(settings.filter((line) => /registry\s*=|^\/\/|_auth/i.test(line))).toEqual([]);
  }
  const withScripts = packages.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name);
  expect(project.allowScripts).toEqual(Object.fromEntries(withScripts.sort().map((name) => [name, false])));
});

test("what is installed has no install script that the lock file does not tell of", () => {
  const unsaid = packages.filter(({ path, hasInstallScript }) => {
    const { preinstall, install, postinstall } = readManifest(path)?.scripts ?? {};
    return (preinstall ?? install ?? postinstall) !== undefined && hasInstallScript !== true;
  });
  expect(unsaid.map(({ name }) => name)).toEqual([]);
});

test("the project has no scripts that would have to run by themselves: they do not", () => {
  const names = Object.keys(project.scripts);
  const silent = names.filter((name) => /^(pre|post|prepare|install$|prepublish)/.test(name));
  expect(silent).toEqual([]);
});
