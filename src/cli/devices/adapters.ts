/** GPUs, and the drivers through which WebGPU reaches them, as the system names them. */
import { homedir } from "node:os";
import { basename, join } from "node:path";
import type { System } from "./system.ts";

export interface Adapters {
  /** GPUs of this machine. */
  readonly gpus: readonly string[];
  /** Drivers of Vulkan (Linux), by the names of their files. */
  readonly vulkan: readonly string[];
  /** Whether the only driver computes on the processor: right for tests, and slow. */
  readonly software: boolean;
}

const askers: Partial<Record<NodeJS.Platform, (system: System) => Promise<Adapters>>> = {
  linux: linuxAdapters,
  darwin: async ({ ask }) =>
    hardware(macNames(await ask("system_profiler", ["SPDisplaysDataType", "-json"]))),
  win32: async ({ ask }) =>
    hardware(lines(await ask("powershell", ["-NoProfile", "-Command", windowsQuery]))),
};

const windowsQuery = "(Get-CimInstance Win32_VideoController).Name";

export function adaptersOf(system: System): Promise<Adapters> {
  return askers[system.platform]?.(system) ?? Promise.resolve(hardware([]));
}

const hardware = (gpus: readonly string[]): Adapters => ({ gpus, vulkan: [], software: false });

const lines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** Names in what `system_profiler SPDisplaysDataType -json` prints. */
export function macNames(text: string): string[] {
  try {
    const { SPDisplaysDataType: found = [] } = JSON.parse(text) as {
      SPDisplaysDataType?: readonly { readonly sppci_model?: string }[];
    };
    return found.flatMap(({ sppci_model }) => sppci_model ?? []);
  } catch {
    return [];
  }
}

async function linuxAdapters(system: System): Promise<Adapters> {
  const [gpus, vulkan] = await Promise.all([linuxGpus(system), vulkanDrivers(system)]);
  return { gpus, vulkan, software: vulkan.length > 0 && vulkan.every(isSoftware) };
}

/** Drivers of Mesa and Chromium that need no GPU. */
const isSoftware = (driver: string) => /swiftshader|lvp|llvmpipe/i.test(driver);

const vendors: Readonly<Record<string, string>> = {
  "10de": "NVIDIA",
  "1002": "AMD",
  "8086": "Intel",
  "106b": "Apple",
  "1af4": "virtual",
};

/** GPUs as the kernel lists them; NVIDIA's by their names, where its tool is there. */
async function linuxGpus({ read, list, ask }: System): Promise<string[]> {
  const nvidia = lines(await ask("nvidia-smi", ["--query-gpu=name", "--format=csv,noheader"]));
  const cards = (await list("/sys/class/drm")).filter((name) => /^card\d+$/.test(name)).sort();
  const found = await Promise.all(
    cards.map(async (card) => gpuOfUevent(await read(join("/sys/class/drm", card, "device/uevent")))),
  );
  const others = found.flatMap((name) => name ?? []);
  return nvidia.length > 0 ? [...nvidia, ...others.filter((name) => !name.startsWith("NVIDIA"))] : others;
}

/** `AMD 744c (amdgpu)` of a card's uevent file; undefined for what is no PCI device. */
export function gpuOfUevent(text: string): string | undefined {
  const [, vendor, device] = /^PCI_ID=([0-9A-F]{4}):([0-9A-F]{4})$/im.exec(text) ?? [];
  if (vendor === undefined) return undefined;
  const driver = /^DRIVER=(.+)$/m.exec(text)?.[1];
  const name = vendors[vendor.toLowerCase()] ?? `vendor ${vendor.toLowerCase()}`;
  return `${name} ${device.toLowerCase()}${driver === undefined ? "" : ` (${driver})`}`;
}

/** As Vulkan's loader finds them: those that a variable names, or all of its folders. */
async function vulkanDrivers({ env, list }: System): Promise<string[]> {
  const named = env.VK_DRIVER_FILES ?? env.VK_ICD_FILENAMES ?? "";
  if (named !== "") return named.split(":").map(driverName);
  const home = env.XDG_DATA_HOME ?? join(homedir(), ".local/share");
  const shared = (env.XDG_DATA_DIRS ?? "/usr/local/share:/usr/share").split(":");
  const folders = ["/etc", home, ...shared].map((folder) => join(folder, "vulkan/icd.d"));
  const found = await Promise.all(folders.map(list));
  return [
    ...new Set(
      found
        .flat()
        .filter((name) => name.endsWith(".json"))
        .map(driverName),
    ),
  ];
}

/** `radeon` of `/usr/share/vulkan/icd.d/radeon_icd.x86_64.json`. */
const driverName = (path: string) => basename(path).replace(/([._-]icd)?(\.\w+)?\.json$/, "");
