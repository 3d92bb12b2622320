/**
 * A registry of npm on this machine: what `npm install` asks for, out of the packages that are installed here and those
 * that were built. So a package is installed as a user installs it, and nothing leaves the machine.
 */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { lockedPackages, root } from "../../../release/lock.ts";

/** Whatever package.json has: the registry repeats it. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly [field: string]: unknown;
}

/** A package by the folder that has its files. */
export interface Offered {
  readonly folder: string;
  readonly manifest: Manifest;
}

export interface Registry {
  readonly url: string;
  /** Names that were asked for and are not there. */
  readonly missing: ReadonlySet<string>;
  close(): Promise<void>;
}

/** Every package that is installed here; those of other platforms are not. */
export function installedPackages(): Offered[] {
  const folders = lockedPackages().map(({ path }) => join(root, path));
  return folders.filter((folder) => existsSync(join(folder, "package.json"))).map(offered);
}

export function offered(folder: string): Offered {
  return { folder, manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) };
}

/** Serves these packages by name and version; `.tgz` are made when they are fetched. */
export async function openRegistry(packages: readonly Offered[]): Promise<Registry> {
  const missing = new Set<string>();
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(request.url ?? "/");
    try {
      const tarball = packages.find((one) => path === tarballPath(one));
      if (tarball !== undefined) return void response.end(await tarOf(tarball.folder));
      const named = packages.filter(({ manifest }) => `/${manifest.name}` === path);
      if (named.length > 0) return void response.end(JSON.stringify(packument(named, urlOf(server))));
      missing.add(path.slice(1));
      response.writeHead(404).end("{}");
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: urlOf(server),
    missing,
    close: () => new Promise((done) => void server.close(() => done()).closeAllConnections()),
  };
}

const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

const tarballPath = ({ manifest: { name, version } }: Offered) => `/-/${name}/${version}.tgz`;

/** What a registry says of a package: every version, and which is the newest. */
function packument(packages: readonly Offered[], url: string) {
  const [{ manifest }] = packages;
  const versions = Object.fromEntries(
    packages.map((one) => [
      one.manifest.version,
      { ...one.manifest, dist: { tarball: new URL(tarballPath(one), url).href } },
    ]),
  );
  return { name: manifest.name, "dist-tags": { latest: Object.keys(versions).at(-1) }, versions };
}

/** Without the packages that are installed inside it, and without the libraries of other platforms. */
async function tarOf(folder: string): Promise<Buffer> {
  const others = ["darwin", "linux", "win32"].filter((platform) => platform !== process.platform);
  const left = ["node_modules", ...others.map((platform) => `napi-v6/${platform}`)];
  const args = [
    "-C",
    dirname(folder),
    ...left.map((name) => `--exclude=${name}`),
    "-cf",
    "-",
    basename(folder),
  ];
  const options = { encoding: "buffer", maxBuffer: 2 ** 30 } as const;
  return (await promisify(execFile)("tar", args, options)).stdout;
}
