/** What to install where something is missing: commands for the system that asks. */
import { join, relative } from "node:path";
import type { Adapters } from "./adapters.ts";
import { type CudaFacts, packageFolder } from "./cuda.ts";
import type { System } from "./system.ts";

/** How packages are installed here. */
type Packages = "apt" | "dnf" | "pacman" | "other";

/** By the names that /etc/os-release gives the distribution. */
export function packagesOf(osRelease: string): Packages {
  const names = [...osRelease.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap(([, ids]) =>
    ids.split(" "),
  );
  if (names.some((name) => ["debian", "ubuntu"].includes(name))) return "apt";
  if (names.some((name) => ["fedora", "rhel", "centos"].includes(name))) return "dnf";
  return names.includes("arch") ? "pacman" : "other";
}

const vulkan: Readonly<Record<Packages, string>> = {
  apt: "sudo apt-get install libvulkan1 mesa-vulkan-drivers",
  dnf: "sudo dnf install vulkan-loader mesa-vulkan-drivers",
  pacman: "sudo pacman -S vulkan-icd-loader vulkan-radeon vulkan-intel",
  other: "install your distribution's Vulkan loader and Mesa's Vulkan drivers",
};

/** For WebGPU, where it does not open. */
export async function webgpuAdvice(system: System, adapters: Adapters): Promise<string[]> {
  if (system.platform === "win32") return ["install a driver of the GPU's vendor that has Direct3D 12"];
  if (system.platform === "darwin") return ["macOS 12 or newer on a Mac with Metal"];
  const packages = packagesOf(await system.read("/etc/os-release"));
  const isNvidias = adapters.gpus.some((name) => /nvidia|geforce|tesla|quadro/i.test(name));
  return [
    `Vulkan's loader and drivers: ${vulkan[packages]}`,
    ...(isNvidias ? ["of NVIDIA's GPUs Vulkan is part of NVIDIA's own driver"] : []),
    ...(adapters.gpus.length === 0
      ? ["no GPU is seen here: in a container, hand it down (--gpus all, /dev/dri)"]
      : []),
  ];
}

/** NVIDIA's packages of CUDA `major`. */
const toolkit: Readonly<Record<Packages, (major: string) => string>> = {
  apt: (major) => `sudo apt-get install ${toolkitPackages(major)}`,
  dnf: (major) => `sudo dnf install ${toolkitPackages(major)}`,
  pacman: (major) => `CUDA ${major} and cuDNN from the archive of packages`,
  other: (major) => `CUDA ${major} and cuDNN`,
};

const toolkitPackages = (major: string) =>
  `cuda-libraries-${major}-${major === "12" ? "8" : "0"} libcudnn9-cuda-${major}`;

/** The packages of Python that hold the same libraries, for whom no root is needed. */
const wheels = (major: string) => {
  const of = major === "12" ? "-cu12" : "";
  const parts = ["cublas", "cuda-runtime", "cufft", "curand"].map((part) => `nvidia-${part}${of}`);
  return [...parts, `nvidia-cudnn-cu${major}`].join(" ");
};

/** For CUDA, whatever of it is missing. */
export async function cudaAdvice(system: System, facts: CudaFacts | undefined): Promise<string[]> {
  if (facts === undefined)
    return ["ONNX Runtime's npm package has CUDA for Linux on x64 alone; webgpu reaches NVIDIA's GPUs too"];
  const packages = packagesOf(await system.read("/etc/os-release"));
  return [
    ...(facts.driver === undefined ? ["NVIDIA's driver: nvidia.com/drivers"] : []),
    ...(facts.fetched
      ? []
      : [
          `ONNX Runtime's CUDA provider, some 300 MB from nuget.org: ${fetchCommand()}`,
          "and then fovea devices once more: it reads there which libraries of CUDA it needs",
        ]),
    ...(facts.missing.length > 0 ? libraryAdvice(packages, facts) : []),
  ];
}

/** The installer of onnxruntime-node, told by its variable: of the two that it knows the one that always counts. */
export function fetchCommand(from = process.cwd()): string {
  const script = relative(from, join(packageFolder(), "script/install.js"));
  return `ONNXRUNTIME_NODE_INSTALL=cuda12 node ${script}`;
}

/** The major version of CUDA that a provider was built with, by the names of the libraries that it needs. */
function majorOf({ needed }: CudaFacts): string {
  return needed.map((name) => /^libcudart\.so\.(\d+)/.exec(name)?.[1]).find(Boolean) ?? "12";
}

function libraryAdvice(packages: Packages, facts: CudaFacts): string[] {
  const { missing, apart } = facts;
  const absent = missing.filter((name) => !apart?.libraries.includes(name));
  return [
    ...(apart ? [pathAdvice(apart)] : []),
    ...(absent.length > 0 ? absentAdvice(packages, absent, facts) : []),
  ];
}

const pathAdvice = ({ folder, libraries }: NonNullable<CudaFacts["apart"]>) =>
  `in ${folder} there is ${libraries.join(", ")}: export LD_LIBRARY_PATH=${folder}:$LD_LIBRARY_PATH`;

function absentAdvice(packages: Packages, absent: readonly string[], facts: CudaFacts): string[] {
  const major = majorOf(facts);
  return [
    `${absent.join(", ")}, from NVIDIA's repository (developer.nvidia.com/cuda-downloads): ${toolkit[packages](major)}`,
    `or without root: pip install ${wheels(major)}, and their lib folders in LD_LIBRARY_PATH`,
  ];
}
