/** Modules that users write themselves: a loss, a model family. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { mustBe, UserError } from "./errors.ts";

/**
 * What a module exports; its path is relative to `folder`. `what` is who reads it, for messages. Throws a UserError
 * where there is no such file or it does not load.
 */
export async function importOwnModule(
  what: string,
  module: string,
  folder: string,
): Promise<Readonly<Record<string, unknown>>> {
  const path = resolve(folder, module);
  if (!existsSync(path)) throw mustBe(what, "module", `a file that exists in ${folder}`, module);
  try {
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    const [line] = (cause as Error).message.split("\n");
    throw new UserError(`${what}: module ${module} must be a module that loads, got: ${line}`, { cause });
  }
}
