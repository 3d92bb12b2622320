/**
 * Parts of these tests in a process of their own, which finds the adapter of this machine: Chromium's software one where it
 * is installed, for drivers are looked for when a process starts; else that of the machine's GPU.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Outcome } from "./outcome.ts";

/** Where Debian's package `chromium` has its adapter. */
const folder = "/usr/lib/chromium";
const drivers = join(folder, "vk_swiftshader_icd.json");

export const environment: NodeJS.ProcessEnv = {
  ...process.env,
  ...(existsSync(drivers) && { LD_LIBRARY_PATH: folder, VK_DRIVER_FILES: drivers }),
};

/** Runs a part and gives what became of each of its cases; throws where this machine has no adapter. */
export async function outcomesOf(part: string): Promise<readonly Outcome[]> {
  const script = join(import.meta.dirname, "child.ts");
  const options = { env: environment, maxBuffer: 2 ** 28 };
  const { stdout } = await promisify(execFile)(process.execPath, [script, part], options).catch((cause) => {
    const { stderr } = cause as { readonly stderr: string };
    throw new Error(`tests/webgpu: needs a GPU, or Chromium's software one (${drivers}): ${stderr}`, {
      cause,
    });
  });
  return JSON.parse(stdout.trim().split("\n").at(-1) as string);
}
