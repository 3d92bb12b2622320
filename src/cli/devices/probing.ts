/** Opens a device in a process of its own: a provider that fails may end the process that asked. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { DeviceName } from "../../common/devices.ts";
import type { Probed } from "../../engine/runtime/probe.ts";

/** Milliseconds that a driver may take to start. */
const longest = 60_000;

const entry = new URL("./probe-entry.ts", import.meta.url);

export function probed(device: DeviceName): Promise<Probed> {
  const { promise, resolve } = Promise.withResolvers<Probed>();
  const options = { timeout: longest, encoding: "utf8", windowsHide: true } as const;
  execFile(process.execPath, [fileURLToPath(entry), device], options, (error, stdout) => {
    resolve(readProbed(stdout, error));
  });
  return promise;
}

/** What the process said; where it said nothing, how it ended. */
export function readProbed(
  stdout: string,
  ended: {
    readonly killed?: boolean;
    readonly signal?: NodeJS.Signals | null;
    readonly code?: unknown;
  } | null,
): Probed {
  try {
    return JSON.parse(stdout) as Probed;
  } catch {
    const how = ended?.signal ? `signal ${ended.signal}` : `code ${ended?.code ?? "0"}`;
    const said = ended?.killed
      ? `did not open in ${longest / 1000} s`
      : `opening it ends the process (${how})`;
    return { opens: false, float16: false, said };
  }
}
