/** `--device` and `--precision` of the commands that run a model. */
import { existsSync } from "node:fs";
import { deviceNames, precisions } from "../common/devices.ts";
import { mustBe } from "../common/errors.ts";
import type { Machine } from "../engine/runtime/runtime.ts";
import { oneOf } from "./arguments.ts";
import { fetchCommand } from "./devices/advice.ts";
import { providerPath } from "./devices/cuda.ts";
import { say } from "./say.ts";

export const machineArgs = {
  device: {
    type: "string",
    default: "cpu",
    description: `where the model runs: ${deviceNames.join(" | ")} (fovea devices lists what works here)`,
  },
  precision: {
    type: "string",
    default: "fast",
    description: `${precisions.join(" | ")}: products as the device multiplies fastest, in float32, or of halves`,
  },
} as const;

/** The values of {@link machineArgs}. */
export interface MachineChoice {
  readonly device: string;
  readonly precision: string;
}

/** Where a command's programs run; says so in a line where that is not the processor. */
export function machineOf(command: string, choice: MachineChoice): Machine {
  const device = oneOf(command, "--device", choice.device, deviceNames);
  const precision = oneOf(command, "--precision", choice.precision, precisions);
  mustBeFetched(command, "--device", device);
  begin(command, { device, precision });
  return { device, precision, onNote: (line) => say(`${command}: ${line}`) };
}

/**
 * Says where a command runs, and asks NVIDIA's libraries for float32 where that is wanted: they read it from the environment
 * when they are loaded, and ONNX Runtime's own option for it is not within reach of Node.
 */
export function begin(command: string, { device, precision }: MachineChoice): void {
  if (device === "cuda" && precision === "float32") process.env.NVIDIA_TF32_OVERRIDE ??= "0";
  const how = precision === "float16" ? ", products in float16" : "";
  if (device !== "cpu" || how !== "") say(`${command}: runs on ${device}${how}`);
}

/** Throws a UserError for CUDA where its provider was not fetched: ONNX Runtime would print lines of its own about it. */
export function mustBeFetched(command: string, argument: string, device: string): void {
  const { platform, arch } = process;
  if (device === "cuda" && platform === "linux" && arch === "x64" && !existsSync(providerPath()))
    throw mustBe(command, argument, "a device that is installed", device, `first: ${fetchCommand()}`);
}
