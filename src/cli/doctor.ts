/** What `fovea doctor` looks at: what this machine has, whether that is enough, and what to do where it is not. */
import { access, constants, readFile, statfs } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { freemem, platform, release, totalmem } from "node:os";
import { dirname } from "node:path";
import { getHFHubCachePath } from "@huggingface/hub";
import { installLine, type OptionalPackages, optionalPackages } from "../common/optional.ts";
import type { NdArray } from "../engine/array.ts";
import type { HostArray } from "../engine/host.ts";
import type { ArrayFunction } from "../engine/trace.ts";
import { twinsRoot } from "../eval/demo/twins.ts";
import { cachedSnapshots } from "../hub/net/cache.ts";
import { processorFacts, processorLine } from "./devices/processor.ts";
import { type DeviceReport, examineDevices } from "./devices/report.ts";
import { thisSystem } from "./devices/system.ts";

/** `fine`; `note`: works, with a limit; `wrong`: something here will not work. */
export type State = "fine" | "note" | "wrong";

/** One thing that was looked at. */
export interface Finding {
  readonly name: string;
  readonly state: State;
  /** What is there. */
  readonly found: string;
  /** What to do about it, where the state is not fine. */
  readonly advice?: string;
}

const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** Node as package.json's `engines` asks for. */
export function nodeFinding(version: string): Finding {
  const [major, minor] = version.split(".").map(Number);
  const suits = major > 22 || (major === 22 && minor >= 18);
  const found = `${version} on ${platform()} ${process.arch} (${release()})`;
  return suits
    ? { name: "Node", state: "fine", found }
    : {
        name: "Node",
        state: "wrong",
        found,
        advice: "install Node 22.18 or newer, 24 for long use: nodejs.org",
      };
}

/** Memory that may be used: the machine's, or less where a container has a limit. Bytes. */
export function memoryFinding(total: number, free: number, limit: number | undefined): Finding {
  const most = Math.min(total, limit || total);
  const bound = most < total ? `, of which this container may use ${gigabytes(most)}` : "";
  const found = `${gigabytes(total)}, ${gigabytes(Math.min(free, most))} free${bound}`;
  if (Math.min(free, most) >= 4 * 2 ** 30) return { name: "Memory", state: "fine", found };
  const advice =
    "published weights take 2 bytes a parameter, half a byte with --weights int4: close other programs, or take a smaller model";
  return { name: "Memory", state: "note", found, advice };
}

async function freeMemory(): Promise<number> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1];
  return available === undefined ? freemem() : Number(available) * 1024;
}

/** Cores, and the widest arithmetic that they have, by which speeds differ. */
async function cores(): Promise<Finding> {
  const facts = await processorFacts(thisSystem);
  const found = processorLine(facts);
  if (facts.cores > 1) return { name: "Cores", state: "fine", found };
  const advice = "training uses two by default: --set train.threads=1";
  return { name: "Cores", state: "note", found, advice };
}

/** What besides the processor models can run on; none is no fault. */
export function deviceFinding(reports: readonly DeviceReport[]): Finding {
  const others = reports.filter(({ name }) => name !== "cpu");
  const here = others.filter(({ works }) => works);
  if (here.length > 0)
    return {
      name: "Devices",
      state: "fine",
      found: here.map(({ name, found }) => `${name}: ${found}`).join("; "),
    };
  const found = "no GPU that ONNX Runtime can use: models run on the processor";
  return { name: "Devices", state: "note", found, advice: "fovea devices says what each would need" };
}

/** ONNX Runtime's library for Linux is made for glibc. */
function library(): Finding | undefined {
  if (platform() !== "linux") return undefined;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  const version = header.glibcVersionRuntime;
  return version !== undefined
    ? { name: "C library", state: "fine", found: `glibc ${version}` }
    : {
        name: "C library",
        state: "wrong",
        found: "no glibc (musl?)",
        advice: "ONNX Runtime needs glibc: take an image of Debian or Ubuntu instead of Alpine",
      };
}

/** The cache of models, shared with Python: can it be written, and what is in it? */
async function cache(): Promise<Finding> {
  const place = getHFHubCachePath();
  const name = "Cache of models";
  try {
    await access(`${await nearest(place)}/.`, constants.W_OK); // The dot: it must be a folder.
  } catch {
    const advice = "set HF_HOME to a folder that you may write to";
    return { name, state: "wrong", found: `${place} cannot be written to`, advice };
  }
  const count = (await cachedSnapshots()).length;
  return { name, state: "fine", found: `${place}, ${count} ${count === 1 ? "model" : "models"}` };
}

/** A folder, or the folder nearest above it that there is. */
async function nearest(folder: string): Promise<string> {
  const exists = await access(folder).then(
    () => true,
    () => false,
  );
  return exists || dirname(folder) === folder ? folder : nearest(dirname(folder));
}

/** Free disk where models are kept and where results are written. */
async function disk(name: string, folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(await nearest(folder)).catch(() => ({
    bavail: Number.NaN,
    bsize: 1,
  }));
  const free = bavail * bsize;
  const found = Number.isNaN(free) ? `${folder}: not to be read` : `${gigabytes(free)} free`;
  if (free >= 5 * 2 ** 30) return { name, state: "fine", found };
  return {
    name,
    state: "note",
    found,
    advice: "a model of 2 billion parameters has files of 4 GiB: make room, or set HF_HOME to another disk",
  };
}

/** The version of an installed package; undefined where there is none. */
export async function installedVersion(name: string): Promise<string | undefined> {
  try {
    const path = findPackageJSON(name, import.meta.url);
    return path === undefined ? undefined : JSON.parse(await readFile(path, "utf8")).version;
  } catch {
    return undefined;
  }
}

/** Settings that decide what is asked of whom. Their values are nobody's business. */
function settings(env: NodeJS.ProcessEnv): Finding {
  const names = [
    "HF_HOME",
    "HF_HUB_CACHE",
    "HF_ENDPOINT",
    "HF_HUB_OFFLINE",
    "HF_TOKEN",
    "HTTPS_PROXY",
    "HTTP_PROXY",
  ];
  const keys = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"];
  const set = [...names, ...keys].filter((name) => (env[name] ?? env[name.toLowerCase()] ?? "") !== "");
  return {
    name: "Environment",
    state: "fine",
    found: set.length > 0 ? `set: ${set.join(", ")}` : "nothing set",
  };
}

/** ONNX Runtime computes what a small program says: its library loads, and is whole. */
async function engine(): Promise<Finding> {
  const name = "Engine";
  try {
    const [{ np }, { compile }, { float32 }] = await Promise.all([
      import("../engine/array.ts"),
      import("../engine/compile.ts"),
      import("../engine/host.ts"),
    ]);
    const twice = (x: NdArray) => np.multiply(x, 2);
    const program = await compile<HostArray<"float32">>(twice as ArrayFunction, [float32([2], [1, 2])]);
    const { data } = await program.run(float32([2], [1.5, -4]));
    await program.dispose();
    if (data.join() !== "3,-8") throw new Error(`2 * [1.5, -4] gave [${data.join(", ")}]`);
    return { name, state: "fine", found: await versions("onnxruntime-node", "@jax-js/jax") };
  } catch (error) {
    return { name, state: "wrong", ...whatFailed(error, "npm install --ignore-scripts onnxruntime-node") };
  }
}

/** A missing package says itself what to install; of another fault the packages are installed again. */
export function whatFailed(
  error: unknown,
  install: string,
): { readonly found: string; readonly advice: string } {
  const [found, own] = shortened(error).split(/: (?=npm install )/);
  return { found, advice: own ?? install };
}

/** Pictures can be read, and figures drawn. */
async function pictures(): Promise<Finding[]> {
  const loads = async (
    name: string,
    load: () => Promise<unknown>,
    ...packages: string[]
  ): Promise<Finding> => {
    try {
      await load();
      return { name, state: "fine", found: await versions(...packages) };
    } catch (error) {
      return { name, state: "wrong", ...whatFailed(error, `npm install ${packages.join(" ")}`) };
    }
  };
  return Promise.all([
    loads("Reading pictures", async () => (await import("../hub/image/decoders.ts")).sharp(), "sharp"),
    loads("Drawing figures", () => import("../lens/sheets/canvas.ts"), "@napi-rs/canvas"),
  ]);
}

/** What was left out of the install, a line for each use of it. */
export async function leftOut(versionOf = installedVersion): Promise<Finding[]> {
  const groups = optionalPackages.map(async (group): Promise<Finding[]> => {
    const found = await Promise.all(Object.keys(group.packages).map((name) => versionOf(name)));
    const here = found.every((version) => version !== undefined) || (isTwins(group) && hasTwins());
    if (here) return [];
    return [{ name: "Left out", state: "note", found: group.use, advice: installLine(group) }];
  });
  return (await Promise.all(groups)).flat();
}

const isTwins = ({ packages }: OptionalPackages) => "fovea-twins" in packages;

/** In the repository they are no package. */
function hasTwins(): boolean {
  try {
    return twinsRoot() !== "";
  } catch {
    return false;
  }
}

async function versions(...names: readonly string[]): Promise<string> {
  const all = names.map(async (name) => `${name} ${(await installedVersion(name)) ?? "(missing)"}`);
  return (await Promise.all(all)).join(", ");
}

const shortened = (error: unknown) => String((error as Error).message ?? error).split("\n")[0];

/** Everything that is looked at, in the order in which it is shown. */
export async function examine(): Promise<readonly Finding[]> {
  const place = getHFHubCachePath();
  const glibc = library();
  return [
    nodeFinding(process.versions.node),
    ...(glibc === undefined ? [] : [glibc]),
    await cores(),
    memoryFinding(totalmem(), await freeMemory(), process.constrainedMemory()),
    await disk("Disk of the cache", place),
    await disk("Disk here", process.cwd()),
    await cache(),
    await engine(),
    deviceFinding(await examineDevices()),
    ...(await pictures()),
    ...(await leftOut()),
    settings(process.env),
  ];
}
