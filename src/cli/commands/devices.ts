/** The command `fovea devices`. */
import { defineCommand } from "citty";
import { report } from "../arguments.ts";
import { deviceLines, examineDevices } from "../devices/report.ts";
import { installedVersion } from "../doctor.ts";
import { strictArgs } from "../strict.ts";

const devicesArgs = {
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const devices = defineCommand({
  meta: {
    name: "devices",
    description: "List what this machine can run models on, and what to install where something is missing.",
  },
  args: devicesArgs,
  async run({ args, rawArgs }) {
    strictArgs("devices", rawArgs, devicesArgs);
    const found = await examineDevices();
    const runtime = `onnxruntime-node ${(await installedVersion("onnxruntime-node")) ?? "(missing)"}`;
    const names = found.filter(({ works }) => works).map(({ name }) => name);
    report(args.json, { runtime, devices: found }, [
      runtime,
      ...deviceLines(found),
      `--device takes ${names.join(", ")} here`,
    ]);
  },
});
