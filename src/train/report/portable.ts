/**
 * Settings and command lines as they may leave the machine: with paths as the reader can use them, and without the
 * names of folders that are nobody else's business.
 */
import { isAbsolute, resolve, sep } from "node:path";
import { portablePath } from "../../common/portable-path.ts";
import { shellLine } from "../../common/shell.ts";
import { modelRefOf } from "../../hub/net/cache.ts";
import type { TrainConfig } from "../config/config.ts";

/**
 * Two folders as they are called from one place: the working folder or, where one of them lies elsewhere, the folder
 * that holds both.
 */
export function portablePair(a: string, b: string): [string, string] {
  const named = [a, b].map(portablePath);
  if (named.every((path, i) => resolve(path) === resolve([a, b][i]))) return named as [string, string];
  const [inA, inB] = [a, b].map((path) => resolve(path).split(sep));
  const shared = inA.findIndex((part, i) => part !== inB[i] || i === Math.min(inA.length, inB.length) - 1);
  const rest = [inA, inB].map((parts) => parts.slice(shared > 1 ? shared : -1).join(sep));
  return rest as [string, string];
}

/** OWNER/NAME[@REVISION] of a model on the hub, or the portable path of a folder. */
export async function portableModel(given: string): Promise<string> {
  const ref = await modelRefOf(given);
  if (ref === undefined) return portablePath(given);
  return ref.revision === "main" ? ref.name : `${ref.name}@${ref.revision}`;
}

/**
 * The config as a model's folder and card hold it: without what did not count, such as sizes of a fresh model where there
 * was a start; it is a config still, in which that has its default.
 */
export async function portableConfig({ model, data, losses, ...rest }: TrainConfig): Promise<object> {
  const { from, families, preprocessor, images, ...fresh } = model;
  const { folder, evalFolder, seed, targets, ...made } = data;
  const { custom, ...named } = losses;
  const optional = (path: string | null) => (path === null ? null : portablePath(path));
  const own = families && { families: families.map(portablePath) };
  const start = from === null ? fresh : { from: await portableModel(from), ...own, preprocessor, images };
  const cutouts = made.cutouts.map((source) => (/[\\/]/.test(source) ? portablePath(source) : source));
  const drawn = { ...made, cutouts, backgroundFolder: optional(made.backgroundFolder), seed, targets };
  const read = { folder: optional(folder), evalFolder: optional(evalFolder), seed, targets };
  return {
    model: start,
    data: folder === null ? drawn : read,
    losses: { ...named, custom: custom.map((loss) => ({ ...loss, module: portablePath(loss.module) })) },
    ...rest,
  };
}

/** An absolute path within a word: from a start that is no part of a name, up to what ends a value in YAML. */
const pathPattern = /(?<![\w@.:/~-])\/[^\s"'`,;[\]{}()]+/g;

/** A command line for people to copy, with portable paths. */
export function portableCommand(words: readonly string[]): string {
  return shellLine(words.map(portableWord));
}

/** `/home/me/data` or the value of `--set data.folder=/home/me/my data`, whole; else every path inside. */
function portableWord(word: string): string {
  const [, name = "", value = word] = /^([\w.-]+=)(.*)$/s.exec(word) ?? [];
  if (isAbsolute(value)) return name + portablePath(value);
  return word.replaceAll(pathPattern, portablePath);
}
