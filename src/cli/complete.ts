/** What may stand at the cursor of a command line that is not finished: for the shells' completion. */
import { basename, dirname } from "node:path";
import type { ArgDef, ArgsDef, CommandDef } from "citty";
import type { JsonSchema } from "../train/config/schema-parts.ts";
import { childrenOf, findIn, resolved } from "./find-command.ts";

/** A word that may stand there, and what it means. */
export interface Candidate {
  readonly word: string;
  readonly description?: string;
}

/**
 * Candidates for the last of `words`, those after the name of `root`; an empty last word is one that is not begun. None where a file
 * may stand, or nothing: a shell then offers names of files.
 */
export async function candidatesFor(
  root: CommandDef,
  words: readonly string[],
): Promise<readonly Candidate[]> {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? "";
  const { command, path, rest } = await findIn(root, before[0] === "help" ? before.slice(1) : before);
  const begun = ({ word }: Candidate) => word.startsWith(current);
  if (rest.length === 0 && !current.startsWith("-")) {
    const children = await commandsBelow(command, path);
    if (children.length > 0) return children.filter(begun);
  }
  const args = (await resolved(command.args as ArgsDef | undefined)) ?? {};
  const [name, value] = valueAt(args, rest, current);
  if (name === undefined) return current.startsWith("-") ? optionsOf(args, rest).filter(begun) : [];
  const values = await valuesOf(name, args[name]);
  const prefix = current.slice(0, current.length - value.length);
  return values
    .filter(({ word }) => word.startsWith(value))
    .map((one) => ({ ...one, word: prefix + one.word }));
}

async function commandsBelow(command: CommandDef, path: readonly string[]): Promise<Candidate[]> {
  const children = Object.entries((await childrenOf(command)) ?? {});
  const named = children.map(async ([word, child]) => ({
    word,
    description: (await resolved(child.meta))?.description ?? "",
  }));
  const help = { word: "help", description: "Say how a command is called." };
  return [...(await Promise.all(named)), ...(path.length === 0 ? [help] : [])];
}

/** The option whose value is being written, and what of it is there. */
function valueAt(args: ArgsDef, rest: readonly string[], current: string): [string | undefined, string] {
  const takesValue = (flag = "") => {
    const name = flag.startsWith("--") ? flag.slice(2) : "";
    return Object.hasOwn(args, name) && !["boolean", "positional"].includes(args[name].type ?? "string");
  };
  const [flag, ...inline] = current.split("=");
  if (inline.length > 0 && takesValue(flag)) return [flag.slice(2), inline.join("=")];
  return takesValue(rest.at(-1)) ? [(rest.at(-1) as string).slice(2), current] : [undefined, ""];
}

/** Options that are not there yet; one that is on by itself can be turned off. */
function optionsOf(args: ArgsDef, rest: readonly string[]): Candidate[] {
  const given = new Set(rest.map((word) => word.split("=")[0]));
  return Object.entries(args)
    .filter(([, { type }]) => type !== "positional")
    .map(([name, arg]: [string, ArgDef]) => ({
      word: arg.type === "boolean" && arg.default === true ? `--no-${name}` : `--${name}`,
      description: arg.description ?? "",
    }))
    .filter(({ word }) => !given.has(word) || repeatable.has(word));
}

const repeatable = new Set(["--set", "--concept", "--model"]);

/** Values that are known beforehand, by the option's name. */
const known: Readonly<Record<string, () => Promise<readonly Candidate[]>>> = {
  async preset() {
    const { presetNames } = await import("../train/config/config.ts");
    return (await presetNames()).map((word) => ({ word }));
  },
  async set() {
    const { configJsonSchema } = await import("../train/config/json-schema.ts");
    return settings(await configJsonSchema());
  },
  async model() {
    const { cachedSnapshots } = await import("../hub/net/cache.ts");
    const names = (await cachedSnapshots()).map(repoName);
    return [...new Set(names)].map((word) => ({ word, description: "in the cache" }));
  },
};

/** OWNER/NAME of `.../models--OWNER--NAME/snapshots/COMMIT`. */
const repoName = (snapshot: string) =>
  basename(dirname(dirname(snapshot)))
    .replace(/^models--/, "")
    .replace("--", "/");

/** Options that name a model too. */
const sameValues: Readonly<Record<string, string>> = {
  against: "model",
  base: "model",
  vision: "model",
  language: "model",
};

async function valuesOf(name: string, arg: ArgDef): Promise<readonly Candidate[]> {
  const values = known[sameValues[name] ?? name];
  return values === undefined ? choices(arg.description ?? "") : values();
}

/** `colours of maps: blue | red (default blue)`: what a description lists between bars. */
function choices(description: string): Candidate[] {
  const list = /[\w-]+(?: \| [\w-]+)+/.exec(description)?.[0];
  return list?.split(" | ").map((word) => ({ word })) ?? [];
}

/** `train.learningRate=`: every setting of a config that is no section of others. */
function settings({ properties = {} }: JsonSchema, path = ""): Candidate[] {
  return Object.entries(properties).flatMap(([key, part]) => {
    if (part.properties !== undefined && Object.keys(part.properties).length > 0)
      return settings(part, `${path}${key}.`);
    const isFor = path !== "" || !["$schema", "extends"].includes(key);
    return isFor
      ? [{ word: `${path}${key}=`, ...(part.description && { description: part.description }) }]
      : [];
  });
}
