#!/usr/bin/env node
import { type CommandDef, defineCommand, renderUsage, runCommand } from "citty";
import { UserError } from "../common/errors.ts";

/** Every command, loaded only when it is called. */
const commands = {
  data: () => import("./commands/data/index.ts").then((m) => m.data),
  train: () => import("./commands/train.ts").then((m) => m.train),
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

/** Help for the command that the arguments name, or for all of them. */
async function usage([name]: readonly string[]): Promise<string> {
  if (!Object.hasOwn(commands, name ?? "")) return renderUsage(main);
  const command = (await commands[name as keyof typeof commands]()) as CommandDef;
  return renderUsage(command, main);
}

try {
  const args = process.argv.slice(2);
  if (args.length === 0 || args.includes("--help") || args.includes("-h")) {
    console.log(await usage(args));
  } else await runCommand(main, { rawArgs: args });
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const user = error instanceof UserError || error.name === "CLIError";
  console.error(user ? `fovea: ${error.message}` : error);
  process.exitCode = error instanceof UserError ? error.code : 1;
}
