/**
 * Settings and command lines as they may leave the machine: with paths as the reader can use them, and without the
 * names of folders that are nobody else's business.
 */
import { basename, isAbsolute, normalize, relative, sep } from "node:path";
import { shellLine } from "../common/shell.ts";
import { modelRefOf } from "../hub/cache.ts";
import type { TrainConfig } from "./config.ts";

/** A path below the working folder as it is from there, of any other its last name alone. */
export function portablePath(path: string): string {
  const from = isAbsolute(path) || path.startsWith(".") ? relative(process.cwd(), path) : normalize(path);
  const outside = from === "" || from.split(sep)[0] === ".." || isAbsolute(from);
  return outside ? basename(path) : from;
}

/** OWNER/NAME[@REVISION] of a model on the hub, or the portable path of a folder. */
export async function portableModel(given: string): Promise<string> {
  const ref = await modelRefOf(given);
  if (ref === undefined) return portablePath(given);
  return ref.revision === "main" ? ref.name : `${ref.name}@${ref.revision}`;
}

/** The config as a model's folder and card hold it. */
export async function portableConfig(config: TrainConfig): Promise<TrainConfig> {
  const { model, data, losses } = config;
  const optional = (path: string | null) => (path === null ? null : portablePath(path));
  return {
    ...config,
    model: { ...model, from: model.from === null ? null : await portableModel(model.from) },
    data: {
      ...data,
      folder: optional(data.folder),
      evalFolder: optional(data.evalFolder),
      backgroundFolder: optional(data.backgroundFolder),
      cutouts: data.cutouts.map((source) => (/[\\/]/.test(source) ? portablePath(source) : source)),
    },
    losses: {
      ...losses,
      custom: losses.custom.map((loss) => ({ ...loss, module: portablePath(loss.module) })),
    },
  };
}

/** A path within a word: from a start that is no part of a name, up to what ends a value in YAML. */
const pathPattern = /(?<![\w@.:/~-])(~|\.{1,2})?\/[^\s"'`,;[\]{}()]+/g;

/** A command line for people to copy, with portable paths. */
export function portableCommand(words: readonly string[]): string {
  return shellLine(words.map(portableWord));
}

/** `/home/me/data` or the value of `--set data.folder=/home/me/my data`, whole; else every path inside. */
function portableWord(word: string): string {
  const [, name = "", value = word] = /^([\w.-]+=)(.*)$/s.exec(word) ?? [];
  if (isAbsolute(value) || /^(~|\.{1,2})\//.test(value)) return name + portablePath(value);
  return word.replaceAll(pathPattern, (path) => portablePath(path));
}
