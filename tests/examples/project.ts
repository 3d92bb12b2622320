/** Projects as a stranger has them: a folder with `fovea` in its node_modules, here the source of the repository. */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const repository = fileURLToPath(new URL("../..", import.meta.url));

export interface Project {
  readonly folder: string;
  /** Runs a script of the project in its folder; gives what it printed. Throws where it fails. */
  run(script: string, ...args: readonly string[]): Promise<string>;
  /** Holds its TypeScript to the strictest settings; gives what is wrong with it. */
  check(): Promise<string>;
}

export interface ProjectFiles {
  /** A folder of the repository whose files the project has. */
  readonly from?: string;
  /** Further files by their name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Files and folders of the repository that it has at the same place, such as `checkpoints`. */
  readonly linked?: readonly string[];
  /** Packages besides `fovea` that it depends on. */
  readonly packages?: readonly string[];
}

/** Hands a new project to `use`, and removes it then. */
export async function inProject<T>(
  { from, files = {}, linked = [], packages = [] }: ProjectFiles,
  use: (project: Project) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "fovea-project-"));
  try {
    if (from !== undefined) await cp(join(repository, from), folder, { recursive: true });
    for (const [name, text] of Object.entries({ "package.json": '{ "type": "module" }\n', ...files }))
      if (from === undefined || name in files) await put(join(folder, name), text);
    for (const name of linked) await link(join(repository, name), join(folder, name));
    for (const name of packages)
      await link(join(repository, "node_modules", name), join(folder, "node_modules", name));
    await link(repository, join(folder, "node_modules", "fovea")); // Its package.json names the source.
    await link(join(repository, "checkpoints"), join(folder, "node_modules/fovea-twins/checkpoints"));
    return await use(projectIn(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function projectIn(folder: string): Project {
  return {
    folder,
    async run(script, ...args) {
      const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], { cwd: folder });
      return stdout;
    },
    async check() {
      await put(join(folder, "tsconfig.test.json"), JSON.stringify(strictest));
      const tsc = join(repository, "node_modules/typescript/bin/tsc");
      const options = { cwd: folder };
      return promisify(execFile)(process.execPath, [tsc, "-p", "tsconfig.test.json"], options).then(
        ({ stdout }) => stdout,
        ({ stdout }: { stdout: string }) => stdout,
      );
    },
  };
}

const strictest = {
  compilerOptions: {
    target: "es2024",
    lib: ["es2024", "dom", "esnext.disposable"],
    module: "nodenext",
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    resolveJsonModule: true,
    types: ["node"],
    typeRoots: [join(repository, "node_modules/@types")],
  },
  include: ["*.ts"],
};

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function link(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path);
}
