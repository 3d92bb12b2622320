/** `--device` of the commands that run a model. */
import { runtime } from "#runtime";
import { deviceNames } from "../common/devices.ts";
import { mustBe } from "../common/errors.ts";
import type { Machine } from "../engine/runtime/runtime.ts";
import { oneOf } from "./arguments.ts";
import { say } from "./say.ts";

export const deviceArg = {
  type: "string",
  default: "cpu",
  description: `where the model runs: ${deviceNames.join(" | ")} (fovea devices lists what works here)`,
} as const;

/** Where a command's programs run; says so in a line where that is not the processor. */
export function machineOf(command: string, { device }: { readonly device: string }): Machine {
  const name = oneOf(command, "--device", device, deviceNames);
  mustBeKnown(command, "--device", name);
  if (name !== "cpu") say(`${command}: runs on ${name}`);
  return { device: name, onNote: (line) => say(`${command}: ${line}`) };
}

/** Throws a UserError for a device that ONNX Runtime has no part for on this platform. */
export function mustBeKnown(command: string, argument: string, device: string): void {
  if (runtime.devices.includes(device)) return;
  const rule = `one of ${runtime.devices.join(", ")} here`;
  throw mustBe(command, argument, rule, device, "fovea devices says what is missing");
}
