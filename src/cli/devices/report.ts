/** What `fovea devices` and `fovea doctor` say of the devices of a machine. */
import { type DeviceName, deviceNames, deviceTitles } from "../../common/devices.ts";
import type { Probed } from "../../engine/runtime/probe.ts";
import { type Adapters, adaptersOf } from "./adapters.ts";
import { cudaAdvice, webgpuAdvice } from "./advice.ts";
import { type CudaFacts, cudaFacts } from "./cuda.ts";
import { probed } from "./probing.ts";
import { type ProcessorFacts, processorFacts, processorLine } from "./processor.ts";
import { type System, thisSystem } from "./system.ts";

/** One device, as this machine has it. */
export interface DeviceReport {
  readonly name: DeviceName;
  /** What it is. */
  readonly title: string;
  /** Whether a small program ran there. */
  readonly works: boolean;
  /** Whether it computes in float16. */
  readonly float16: boolean;
  /** What is there, or why it does not work. */
  readonly found: string;
  /** What to do about it, a line each. */
  readonly advice: readonly string[];
  readonly facts?: ProcessorFacts | Adapters | CudaFacts;
}

/** Everything that is known of the machine besides what opens. */
interface Known {
  readonly system: System;
  readonly processor: ProcessorFacts;
  readonly adapters: Adapters;
  readonly cuda: CudaFacts | undefined;
}

type Described = Pick<DeviceReport, "found" | "advice" | "facts">;

const only = (platform: string): Described => ({ found: `for ${platform} alone`, advice: [] });

const describers: Readonly<Record<DeviceName, (known: Known, probe: Probed) => Promise<Described>>> = {
  cpu: async ({ processor }) => ({ found: processorLine(processor), advice: [], facts: processor }),
  webgpu: async ({ system, adapters }, { opens, said }) => ({
    found: opens ? adapterLine(adapters) : (said ?? ""),
    advice: opens ? softwareAdvice(adapters) : await webgpuAdvice(system, adapters),
    facts: adapters,
  }),
  cuda: async ({ system, adapters, cuda }, { opens, said }) => ({
    found: opens ? nvidiaLine(adapters, cuda) : cudaLine(cuda, said),
    advice: opens ? [] : await cudaAdvice(system, cuda),
    ...(cuda && { facts: cuda }),
  }),
  coreml: async ({ system, adapters }, { opens, said }) => {
    if (system.platform !== "darwin") return only("macOS");
    return { found: opens ? adapters.gpus.join(", ") : (said ?? ""), advice: [] };
  },
  dml: async ({ system, adapters }, { opens, said }) => {
    if (system.platform !== "win32") return only("Windows");
    const advice = opens ? [] : await webgpuAdvice(system, adapters);
    return { found: opens ? adapters.gpus.join(", ") : (said ?? ""), advice };
  },
};

function adapterLine({ gpus, vulkan, software }: Adapters): string {
  const driver = vulkan.length > 0 ? `Vulkan driver ${vulkan.join(", ")}` : "";
  if (software) return `software, on the processor (${driver})`;
  return [gpus.join(", "), driver].filter((part) => part !== "").join("; ") || "an adapter without a name";
}

const softwareAdvice = ({ software }: Adapters) =>
  software ? ["slower than cpu: for tests alone; a GPU needs a driver of its own"] : [];

/** Of CUDA where it works: containers may hide what GPU and driver there is. */
function nvidiaLine({ gpus }: Adapters, cuda: CudaFacts | undefined): string {
  const driver = cuda?.driver === undefined ? [] : [`driver ${cuda.driver}`];
  return [...gpus, ...driver].join(", ") || "a GPU without a name";
}

function cudaLine(facts: CudaFacts | undefined, said = ""): string {
  if (facts === undefined) return "not on this platform";
  const { driver, fetched, missing } = facts;
  const lacks = [
    ...(driver === undefined ? ["no NVIDIA driver"] : [`driver ${driver}`]),
    ...(fetched ? [] : ["ONNX Runtime's CUDA provider was not fetched"]),
    ...(missing.length > 0 ? [`${missing.length} libraries missing`] : []),
  ];
  const isComplete = driver !== undefined && fetched && missing.length === 0;
  return isComplete ? `driver ${driver}: ${said}` : lacks.join(", ");
}

export interface Examining {
  readonly system?: System;
  /** Opens a device; default: in a process of its own. */
  readonly open?: (device: DeviceName) => Promise<Probed>;
  /** Libraries that a library needs; default: as its file says. */
  readonly libraries?: (path: string) => Promise<string[]>;
}

/** Every device, the processor first. Devices of other platforms are not opened. */
export async function examineDevices({
  system = thisSystem,
  open = probed,
  libraries,
}: Examining = {}): Promise<readonly DeviceReport[]> {
  const [processor, adapters, cuda] = await Promise.all([
    processorFacts(system),
    adaptersOf(system),
    cudaFacts(system, libraries),
  ]);
  const known = { system, processor, adapters, cuda };
  const reports: DeviceReport[] = [];
  for (const name of deviceNames) {
    const probe = isHere(name, known) ? await open(name) : { opens: false, float16: false };
    const { opens: works, float16 } = probe;
    reports.push({
      name,
      title: deviceTitles[name],
      works,
      float16,
      ...(await describers[name](known, probe)),
    });
  }
  return reports;
}

/** Whether there is any use in opening it. */
function isHere(name: DeviceName, { system: { platform }, cuda }: Known): boolean {
  if (name === "cuda") return cuda?.fetched ?? false;
  if (name === "coreml") return platform === "darwin";
  return name === "dml" ? platform === "win32" : true;
}

/** `works  webgpu  ...`, and below it what to do. */
export function deviceLines(reports: readonly DeviceReport[]): string[] {
  return reports.flatMap(({ name, works, float16, found, advice }) => [
    `${(works ? "works" : "no").padEnd(7)}${name.padEnd(8)}${found}${works && float16 ? "; float16" : ""}`,
    ...advice.map((line) => `${" ".repeat(15)}-> ${line}`),
  ]);
}
