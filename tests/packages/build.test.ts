import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, matchesGlob } from "node:path";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData, type Problem } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPackages, filesIn } from "../../release/build.ts";
import { sideEffects } from "../../release/manifest.ts";
import { noticesOf } from "../../release/notices.ts";
import { readmeOfPackage } from "../../release/readme.ts";

interface Packed {
  readonly size: number;
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly mode: number; readonly size: number }[];
}

let folder: string;
const manifests: Record<string, Record<string, unknown>> = {};
const packed: Record<string, Packed> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-build-"));
  await buildPackages(join(folder, "one"));
  for (const name of ["fovea", "fovea-twins"]) {
    const args = ["pack", join(folder, "one", name), "--json", "--ignore-scripts", "--silent"];
    const { stdout } = await promisify(execFile)("npm", args, { cwd: folder });
    const answer: Packed[] | Record<string, Packed> = JSON.parse(stdout);
    packed[name] = Object.values(answer)[0];
    manifests[name] = JSON.parse(await readFile(join(folder, "one", name, "package.json"), "utf8"));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const pathsOf = (name: string) => packed[name].files.map(({ path }) => path);

describe("the package fovea", () => {
  it("is small, and holds code, declarations, what code reads, and the papers", () => {
    // Some 10 MB of it are ONNX Runtime for pages, for processors and for WebGPU.
    expect(packed.fovea.size).toBeLessThan(15_000_000);
    const ort = packed.fovea.files.filter(({ path }) => path.startsWith("lib/studio/built/ort/"));
    const rest = packed.fovea.files.filter((file) => !ort.includes(file));
    expect(rest.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(13_000_000);
    const paths = pathsOf("fovea");
    expect(paths.filter((path) => !path.startsWith("lib/")).sort()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "bin/fovea.cjs",
      "package.json",
    ]);
    const kinds = /^lib\/[\w./-]+(\.js|\.d\.ts|\.yaml|\.json|\.proto|\.licences\.txt|\/tokens\.css)$/;
    const isBuilt = (path: string) => /^lib\/(studio|elements)\/built\//.test(path);
    expect(paths.filter((path) => path.startsWith("lib/") && !isBuilt(path) && !kinds.test(path))).toEqual(
      [],
    );
    const stray = /(^|\/)(tests?|fixtures?|bench|examples)\/|\.test\.|\.safetensors$/;
    expect(paths.filter((path) => stray.test(path))).toEqual([]);
    expect(packed.fovea.files.find(({ path }) => path === "bin/fovea.cjs")?.mode).toBe(0o755);
  });

  it("holds every file that is not code, for code reads it", async () => {
    const assets = (await filesIn("src")).filter((path) => /\.(yaml|json|proto)$/.test(path));
    expect(assets.length).toBeGreaterThan(8);
    expect(pathsOf("fovea")).toEqual(expect.arrayContaining(assets.map((path) => `lib/${path}`)));
  });

  it("names no source where it was built, and every thread and module that it starts is there", async () => {
    const paths = pathsOf("fovea").filter((path) => !isBundle(path)); // A page names what it loads.
    let started = 0;
    for (const path of paths.filter((one) => one.endsWith(".js") || one.endsWith(".d.ts"))) {
      const text = await readFile(join(folder, "one/fovea", path), "utf8");
      expect([path, /(?:from|import\() ?"\.[^"]*\.ts"/.exec(text)]).toEqual([path, null]);
      for (const [, target] of text.matchAll(/new URL\("([^"]+)"\s*,\s*import\.meta\.url\)/g)) {
        if (target === "." || target.endsWith("/")) continue; // A folder, to look for files in.
        expect(pathsOf("fovea")).toContain(new URL(target, `file:///${path}`).pathname.slice(1));
        started++;
      }
    }
    expect(started).toBeGreaterThan(4);
  });

  it("says which files do something by being loaded", async () => {
    const bare: string[] = [];
    for (const path of pathsOf("fovea").filter((one) => one.endsWith(".js") && !isBundle(one))) {
      const text = await readFile(join(folder, "one/fovea", path), "utf8");
      for (const [, target] of text.matchAll(/^import "(\.[^"]+)"/gm))
        bare.push(new URL(target, `file:///${path}`).pathname.slice(1));
    }
    const isSaid = (path: string) => sideEffects.some((glob) => matchesGlob(path, glob.slice(2)));
    expect(bare.length).toBeGreaterThan(0);
    expect(bare.filter((path) => !isSaid(path))).toEqual([]);
  });

  it("goes with the licences of what its bundle for pages holds", async () => {
    const text = await readFile(join(folder, "one/fovea/lib/web/fovea-web.licences.txt"), "utf8");
    for (const name of ["@jax-js/jax", "zod", "onnxruntime-web", "protobufjs"])
      expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+: `, "m"));
    expect(text).toContain("Permission is hereby granted");
    await expect(noticesOf(["node_modules/not-there/index.js"])).rejects.toThrow("has no licence");
  });

  it("holds Studio's page built, with ONNX Runtime, and the licences of all of it", async () => {
    const built = "lib/studio/built";
    const names = [
      "index.html",
      "main.js",
      "worker.js",
      "trainer.js",
      "page.css",
      "ort/ort-wasm-simd-threaded.wasm",
    ];
    expect(pathsOf("fovea")).toEqual(expect.arrayContaining(names.map((name) => `${built}/${name}`)));
    const text = await readFile(join(folder, "one/fovea", built, "licences.txt"), "utf8");
    for (const name of [
      "lit",
      "@fontsource/inter",
      "@fontsource/jetbrains-mono",
      "onnxruntime-web",
      "fflate",
    ])
      expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+: `, "m"));
    expect(text).toContain("SIL OPEN FONT LICENSE");
    const elements = await readFile(join(folder, "one/fovea/lib/elements/built/licences.txt"), "utf8");
    expect(elements).toMatch(/^lit \d/m);
  });

  it("asks for nothing that is a folder of the project or needed to change it", () => {
    const { dependencies, optionalDependencies, peerDependencies, devDependencies, scripts, overrides } =
      manifests.fovea;
    expect([devDependencies, scripts, overrides]).toEqual([undefined, undefined, undefined]);
    const asked = JSON.stringify([dependencies, optionalDependencies, peerDependencies]);
    expect(asked).not.toMatch(/file:|npm:|node-linux|node-bin|global-agent/);
  });

  it("is clean to publint", async () => {
    const { messages, pkg } = await publint({
      pkgDir: join(folder, "one/fovea"),
      pack: false,
      strict: true,
    });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it("has types that are right wherever sub-paths are resolved, as modules, which is what they are", async () => {
    const data = await readFile(join(folder, packed.fovea.filename));
    const result = await checkPackage(createPackageFromTarballData(new Uint8Array(data)));
    if (!result.types) throw new Error("no types");
    expect(Object.keys(result.entrypoints).length).toBeGreaterThan(8);
    expect(result.problems.filter((problem) => !isOfOldResolution(problem))).toEqual([]);
  });

  it("has a README that leads nowhere in the repository", async () => {
    const readme = await readFile(join(folder, "one/fovea/README.md"), "utf8");
    expect(readme).toContain("# Fovea");
    expect(readme).toContain("    npx fovea demo\n");
    expect(readme).not.toMatch(/npm (start|test|ci &&)/);
    expect(readme.match(/\]\((?!https?:|#)[^)]*\)|<!--/g)).toBeNull();
    const cut = "![a](b.png)\n\n*Cut from\n`x`.*\n\nSee [docs](docs/a.md), [web](https://a.b), **bold**.\n";
    expect(readmeOfPackage(cut)).toBe("See docs, [web](https://a.b), **bold**.\n");
    expect(readmeOfPackage('openVlm("checkpoints/full"), my/checkpoints/full, checkpoints/7')).toBe(
      'openVlm("node_modules/fovea-twins/checkpoints/full"), my/checkpoints/full, checkpoints/7',
    );
  });
});

const isBundle = (path: string) => path.endsWith("fovea-web.js") || path.includes("/built/");

/** Node 10 knows no sub-paths, Node 16 cannot `require` a module: Fovea runs on neither. */
function isOfOldResolution(problem: Problem): boolean {
  const { kind } = problem;
  if (kind === "NoResolution") return problem.resolutionKind === "node10";
  return kind === "CJSResolvesToESM" && problem.resolutionKind === "node16-cjs";
}

describe("the package fovea-twins", () => {
  it("holds two complete models with their cards, and nothing else", () => {
    const models = pathsOf("fovea-twins").filter((path) => path.startsWith("checkpoints/"));
    const rest = pathsOf("fovea-twins").filter((path) => !path.startsWith("checkpoints/"));
    expect(rest.sort()).toEqual(["LICENSE", "README.md", "package.json"]);
    for (const name of ["ntp", "full"])
      for (const file of ["README.md", "config.json", "model.safetensors", "tokenizer.json"])
        expect(models).toContain(`checkpoints/${name}/${file}`);
    expect(new Set(models.map((path) => path.split("/")[1]))).toEqual(new Set(["full", "ntp"]));
    expect(packed["fovea-twins"].size).toBeLessThan(12_000_000);
    expect(manifests["fovea-twins"].version).toBe(manifests.fovea.version);
  });
});

it("is built of the same bytes again", async () => {
  await buildPackages(join(folder, "two"));
  const [one, two] = await Promise.all(["one", "two"].map((name) => hashes(join(folder, name))));
  expect(two).toEqual(one);
});

async function hashes(top: string): Promise<Record<string, string>> {
  const entries = (await filesIn(top)).map(async (path) => {
    const bytes = await readFile(join(top, path));
    return [path, createHash("sha256").update(bytes).digest("hex")] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
