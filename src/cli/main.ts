#!/usr/bin/env node
import { type CommandDef, defineCommand, renderUsage, runCommand } from "citty";
import { giveMemoryBack } from "../common/allocator.ts";
import { UserError } from "../common/errors.ts";

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
  compare: () => import("./commands/compare.ts").then((m) => m.compare),
  leaderboard: () => import("./commands/leaderboard.ts").then((m) => m.leaderboard),
  "serve-api": () => import("./commands/serve-api.ts").then((m) => m.serveApi),
  demo: () => import("./commands/demo.ts").then((m) => m.demo),
};

const main = defineCommand({
  meta: {
    name: "fovea",
    version: "0.1.0",
    description: "Train vision-language models to look where they answer.",
  },
  subCommands: commands,
});

/** Help for the deepest command that the arguments name: `data make line-tracing --help`. */
async function usage(args: readonly string[]): Promise<string> {
  let [command, parent, title]: [CommandDef, CommandDef | undefined, string] = [main, undefined, "fovea"];
  for (const name of args) {
    const children = (await resolved(command.subCommands)) ?? {};
    if (!Object.hasOwn(children, name)) break;
    [command, parent] = [(await resolved(children[name])) as CommandDef, { meta: { name: title } }];
    title = `${title} ${name}`;
  }
  return renderUsage(command, parent);
}

/** citty lets a command be given as itself, a promise or a function. */
async function resolved<T>(value: T | Promise<T> | (() => T | Promise<T>)): Promise<T> {
  return typeof value === "function" ? (value as () => T | Promise<T>)() : value;
}

/** Commands that run a large model a few times: less memory is worth more than the start of Node. */
const looking = new Set(["lens", "attend", "segment"]);

try {
  const args = process.argv.slice(2);
  if (looking.has(args[0])) giveMemoryBack();
  if (args.length === 0 || args.includes("--help") || args.includes("-h")) {
    console.log(await usage(args));
  } else await runCommand(main, { rawArgs: args });
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const user = error instanceof UserError || error.name === "CLIError";
  console.error(user ? `fovea: ${error.message}` : error);
  process.exitCode = error instanceof UserError ? error.code : 1;
}
