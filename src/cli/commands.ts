import type { CommandDef, SubCommandsDef } from "citty";
import packageJson from "../../package.json" with { type: "json" };
import { UserError } from "../common/errors.ts";
import { didYouMean } from "./suggest.ts";

/** Every command, loaded only when it is called. */
const commands = {
  pull: () => import("./commands/pull.ts").then((m) => m.pull),
  build: () => import("./commands/build.ts").then((m) => m.build),
  data: () => import("./commands/data/index.ts").then((m) => m.data),
  train: () => import("./commands/train.ts").then((m) => m.train),
  merge: () => import("./commands/merge.ts").then((m) => m.merge),
  lens: () => import("./commands/lens.ts").then((m) => m.lens),
  attend: () => import("./commands/attend.ts").then((m) => m.attend),
  segment: () => import("./commands/segment.ts").then((m) => m.segment),
  eval: () => import("./commands/eval.ts").then((m) => m.evaluation),
  probe: () => import("./commands/probe.ts").then((m) => m.probe),
  compare: () => import("./commands/compare.ts").then((m) => m.compare),
  leaderboard: () => import("./commands/leaderboard.ts").then((m) => m.leaderboard),
  "serve-api": () => import("./commands/serve-api.ts").then((m) => m.serveApi),
  demo: () => import("./commands/demo.ts").then((m) => m.demo),
  doctor: () => import("./commands/doctor.ts").then((m) => m.doctor),
  complete: () => import("./commands/complete.ts").then((m) => m.complete),
} as SubCommandsDef;

export const version: string = packageJson.version;

const main: CommandDef = {
  meta: { name: "fovea", description: packageJson.description },
  subCommands: commands,
};

/** A command, the words that lead to it (`["data", "make", "scenes"]`), and the arguments after them. */
export interface FoundCommand {
  readonly command: CommandDef;
  readonly path: readonly string[];
  readonly rest: readonly string[];
}

/**
 * The deepest command that the arguments name.
 * @throws UserError where a word stands in place of a command and names none
 */
export async function findCommand(args: readonly string[]): Promise<FoundCommand> {
  let command = main;
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
