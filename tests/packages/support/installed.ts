/** Projects of users, made by npm itself from the packages as they are built, without a network. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { buildPackages } from "../../../release/build.ts";
import { root } from "../../../release/lock.ts";
import { installedPackages, offered, openRegistry, type Registry } from "./registry.ts";

/** The Nodes that a project may have: the one that runs the tests, and the oldest that Fovea runs on. */
export const nodes = {
  newest: process.execPath,
  oldest: join(root, "node_modules/node-oldest-linux-x64/bin/node"),
} as const;

export interface Workshop {
  readonly folder: string;
  readonly registry: Registry;
  close(): Promise<void>;
}

/** Both packages, built, in a registry beside all that they need. */
export async function openWorkshop(): Promise<Workshop> {
  const folder = await mkdtemp(join(tmpdir(), "fovea-package-"));
  await buildPackages(join(folder, "dist"));
  await writeFile(join(folder, "cut-off.cjs"), cutOff);
  const agent = join(folder, "global-agent");
  await mkdir(agent);
  await writeFile(join(agent, "package.json"), '{ "name": "global-agent", "version": "4.1.3" }');
  await writeFile(join(agent, "index.js"), "exports.bootstrap = () => {};");
  const built = [join(folder, "dist/fovea"), join(folder, "dist/fovea-twins"), agent].map(offered);
  const registry = await openRegistry([...installedPackages(), ...built]);
  const close = async () => {
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { folder, registry, close };
}

/** What every process is started with: names of other machines are not found, as without a network. */
const cutOff = `
const dns = require("node:dns");
const lookup = dns.lookup;
dns.lookup = (host, ...rest) => {
  if (host === "localhost" || host === "127.0.0.1") return lookup(host, ...rest);
  const error = Object.assign(new Error("getaddrinfo ENOTFOUND " + host), { code: "ENOTFOUND" });
  process.nextTick(rest.at(-1), error);
};
`;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly address: string;
  /** As Ctrl-C does; gives the exit code. */
  end(): Promise<number | null>;
}

export interface UserProject {
  readonly folder: string;
  write(name: string, text: string): Promise<void>;
  /** `npm ARGS`, `npx ARGS`, `node ARGS` in the project's folder; `fovea ARGS` is what `npx fovea` runs, sooner. */
  run(command: "npm" | "npx" | "node" | "fovea", ...args: readonly string[]): Promise<Ended>;
  /** Starts a command that goes on; gives the first address that it prints, and how it is ended. */
  start(...args: readonly string[]): Promise<Started>;
  /** What `use` does while a package is not there. */
  without<T>(name: string, use: () => Promise<T>): Promise<T>;
}

/** An empty project on one of the {@link nodes}. */
export async function newProject(workshop: Workshop, name: string, node: string): Promise<UserProject> {
  const folder = join(workshop.folder, name);
  await mkdir(join(folder, ".node"), { recursive: true });
  await symlink(node, join(folder, ".node/node"));
  const write = (file: string, text: string) => writeFile(join(folder, file), text);
  await write("package.json", '{ "name": "mine", "private": true }\n');
  const environment = environmentIn(workshop, folder);
  return {
    folder,
    write,
    run: (command, ...args) => ended(command, args, { cwd: folder, env: environment }),
    start: (...args) => started(args, { cwd: folder, env: environment }),
    async without(package_, use) {
      const [there, away] = ["node_modules", "away"].map((place) => join(folder, place, package_));
      await mkdir(dirname(away), { recursive: true });
      await rename(there, away);
      try {
        return await use();
      } finally {
        await rename(away, there);
      }
    },
  };
}

/** Nothing of the settings that these tests run with: those of a machine that has never had a package. */
function environmentIn({ folder: workshop, registry }: Workshop, folder: string): NodeJS.ProcessEnv {
  return {
    PATH: [join(folder, ".node"), join(folder, "node_modules/.bin"), process.env.PATH].join(delimiter),
    HOME: workshop,
    TMPDIR: process.env.TMPDIR,
    NODE_OPTIONS: `--require ${join(workshop, "cut-off.cjs")}`,
    npm_config_registry: registry.url,
    npm_config_cache: join(workshop, "cache"),
    npm_config_globalconfig: join(workshop, "none"),
    npm_config_audit: "false",
    npm_config_fund: "false",
    npm_config_update_notifier: "false",
  };
}

async function started(
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Started> {
  const child = spawn("fovea", args, options);
  const ended = once(child, "exit");
  let said = "";
  for await (const text of child.stdout) {
    said += text;
    const [address] = /http:\S+/.exec(said) ?? [];
    if (address === undefined) continue;
    const end = async () => {
      child.kill("SIGINT");
      return (await ended)[0];
    };
    return { address, end };
  }
  throw new Error(`fovea ${args.join(" ")} ended before it had an address: ${said}`);
}

function ended(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Ended> {
  return new Promise((done) => {
    execFile(command, args, { ...options, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
}
