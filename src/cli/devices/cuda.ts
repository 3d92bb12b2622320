/** What CUDA needs and what of it is here: NVIDIA's driver, ONNX Runtime's provider, the libraries that this needs. */
import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import { neededLibraries } from "./elf.ts";
import type { System } from "./system.ts";

export interface CudaFacts {
  /** Of the kernel's module; undefined: none. */
  readonly driver?: string;
  /** Where ONNX Runtime's provider lies or would lie. */
  readonly provider: string;
  /** Whether it was fetched: the npm package does not hold it. */
  readonly fetched: boolean;
  /** Libraries of CUDA and cuDNN that it needs, as it says itself: none before it was fetched. */
  readonly needed: readonly string[];
  /** Those of them that the system's loader would not find. */
  readonly missing: readonly string[];
  /** A folder that has some of them, but that the loader does not look into, and which it has. */
  readonly apart?: { readonly folder: string; readonly libraries: readonly string[] };
}

const providerName = "libonnxruntime_providers_cuda.so";

/** Where the provider lies once it is fetched. */
export function providerPath(): string {
  return join(packageFolder(), "bin/napi-v6/linux/x64", providerName);
}

/** Undefined on a platform for which ONNX Runtime's package has no CUDA. */
export async function cudaFacts(system: System, libraries = neededLibraries): Promise<CudaFacts | undefined> {
  if (system.platform !== "linux" || system.arch !== "x64") return undefined;
  const provider = providerPath();
  const folder = dirname(provider);
  const fetched = (await system.list(folder)).includes(providerName);
  const driver = driverVersion(await system.read("/proc/driver/nvidia/version")) ?? (await asked(system));
  const needed = (await libraries(provider)).filter(isNvidias);
  const known = await findable(system, folder);
  const missing = needed.filter((name) => !known.has(name));
  const apart = await folderApart(system, missing);
  return { ...(driver && { driver }), provider, fetched, needed, missing, ...(apart && { apart }) };
}

/** The folder of onnxruntime-node, wherever it is installed. */
export function packageFolder(): string {
  const path = findPackageJSON("onnxruntime-node", import.meta.url);
  return path === undefined ? "node_modules/onnxruntime-node" : dirname(path);
}

const isNvidias = (library: string) => /^lib(cu|nv)/.test(library);

/** Of `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  ...`. */
export function driverVersion(text: string): string | undefined {
  return /Kernel Module\s.*?(\d+\.\d+(?:\.\d+)?)/.exec(text)?.[1];
}

async function asked({ ask }: System): Promise<string | undefined> {
  const said = await ask("nvidia-smi", ["--query-gpu=driver_version", "--format=csv,noheader"]);
  return /^\d+\.\d+(\.\d+)?/.exec(said.trim())?.[0];
}

/** Names of libraries that the loader finds: in LD_LIBRARY_PATH, beside the provider, and in its cache. */
async function findable({ env, list, ask }: System, beside: string): Promise<ReadonlySet<string>> {
  const folders = [beside, ...(env.LD_LIBRARY_PATH ?? "").split(":").filter((path) => path !== "")];
  const [listed, ...caches] = await Promise.all([
    Promise.all(folders.map(list)),
    ask("ldconfig", ["-p"]),
    ask("/sbin/ldconfig", ["-p"]),
  ]);
  return new Set([...listed.flat(), ...caches.flatMap(cachedLibraries)]);
}

/** Names in what `ldconfig -p` prints. */
export function cachedLibraries(text: string): string[] {
  return [...text.matchAll(/^\s+(\S+) \(/gm)].map(([, name]) => name);
}

/** Where CUDA's own installer, which registers nothing, puts its libraries. */
const usualFolders = ["", "-12", "-13"].map((version) => `/usr/local/cuda${version}/lib64`);

async function folderApart({ list }: System, missing: readonly string[]): Promise<CudaFacts["apart"]> {
  for (const folder of missing.length === 0 ? [] : usualFolders) {
    const names = await list(folder);
    const libraries = missing.filter((name) => names.includes(name));
    if (libraries.length > 0) return { folder, libraries };
  }
  return undefined;
}
