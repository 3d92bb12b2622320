#!/usr/bin/env node
import { type CommandDef, runCommand } from "citty";
import { giveMemoryBack, keepMemory, shareArenas } from "../common/allocator.ts";
import { UserError } from "../common/errors.ts";
import { keepNohup } from "../common/signals.ts";
import { findCommand } from "./commands.ts";
import { endWith, tell, watchOutput } from "./ending.ts";
import { childrenOf } from "./find-command.ts";
import { helpPage, terminalStyle } from "./help.ts";
import { print, printStyled } from "./say.ts";
import { version } from "./version.ts";

/**
 * Commands that start anew with another setting of the allocator, and which. Those that run a large model a few times:
 * less memory is worth more to them than the start of Node. Training: every step asks for the same memory again. A server: its
 * level must not rise.
 */
const allocators: Readonly<Record<string, () => void>> = {
  lens: giveMemoryBack,
  attend: giveMemoryBack,
  segment: giveMemoryBack,
  train: keepMemory,
  ablate: keepMemory,
  "serve-api": shareArenas,
  studio: shareArenas,
};

async function run(args: readonly string[]): Promise<void> {
  if (["--version", "-v", "-V", "version"].includes(args[0])) return print(version);
  const words = askedAbout(args);
  if (words !== undefined) return showHelp(words);
  const { command, path, rest } = await findCommand(args);
  await mustRun(command, path, rest);
  await runCommand(command, { rawArgs: [...rest] });
}

/** The words that help is asked for: `fovea`, `fovea help data make`, `fovea data make --help`. */
function askedAbout(args: readonly string[]): readonly string[] | undefined {
  if (args[0] === "help") return args.slice(1);
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args; // What follows is another line's.
  if (args.length === 0 || own.includes("--help") || own.includes("-h")) return own;
  return undefined;
}

async function showHelp(words: readonly string[]): Promise<void> {
  const found = await findCommand(words.filter((word) => word !== "--help" && word !== "-h"));
  printStyled(await helpPage(found, terminalStyle(process.stdout)));
}

async function mustRun(command: CommandDef, path: readonly string[], rest: readonly string[]): Promise<void> {
  const children = await childrenOf(command);
  if (children === undefined) return;
  const names = Object.keys(children).join(", ");
  const title = ["fovea", ...path].join(" ");
  throw new UserError(
    rest.length > 0
      ? `unknown option ${rest[0]}; ${title} --help shows how it is called`
      : `${path.join(" ")}: COMMAND must be one of ${names}, got none`,
  );
}

watchOutput();
keepNohup();
try {
  const args = process.argv.slice(2);
  if (args.length > 0 && Object.hasOwn(allocators, args[0])) allocators[args[0]]();
  await run(args);
} catch (error) {
  if (!(error instanceof Error)) throw error;
  await endWith(tell(error));
}
