/** Finds a command by the words that lead to it; only those on the way are loaded. */
import type { CommandDef } from "citty";
import { UserError } from "../common/errors.ts";
import { didYouMean } from "./suggest.ts";

/** A command, the words that lead to it (`["data", "make", "scenes"]`), and the arguments after them. */
export interface FoundCommand {
  readonly command: CommandDef;
  readonly path: readonly string[];
  readonly rest: readonly string[];
}

/**
 * The deepest command below `root` that the arguments name.
 * @throws UserError where a word stands in place of a command and names none
 */
export async function findIn(root: CommandDef, args: readonly string[]): Promise<FoundCommand> {
  let command = root;
  const path: string[] = [];
  for (const word of args) {
    const children = await resolved(command.subCommands);
    if (children === undefined || word.startsWith("-")) break;
    const names = Object.keys(children);
    if (!names.includes(word)) {
      const hint = didYouMean(word, names) ?? `${["fovea", ...path].join(" ")} has ${names.join(", ")}`;
      throw new UserError(`unknown command ${JSON.stringify([...path, word].join(" "))}; ${hint}`);
    }
    command = await resolved(children[word]); // Only this one is loaded.
    path.push(word);
  }
  return { command, path, rest: args.slice(path.length) };
}

/** The commands below a command, by name; undefined for one that runs itself. */
export async function childrenOf(command: CommandDef): Promise<Record<string, CommandDef> | undefined> {
  const children = await resolved(command.subCommands);
  if (children === undefined) return undefined;
  const entries = Object.entries(children).map(
    async ([name, child]) => [name, await resolved(child)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** citty lets a part of a command be given as itself, a promise or a function. */
export async function resolved<T>(value: T | Promise<T> | (() => T | Promise<T>)): Promise<T> {
  return typeof value === "function" ? (value as () => T | Promise<T>)() : value;
}
